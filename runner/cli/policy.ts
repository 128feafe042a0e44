import { Command } from "commander";
import {
  checkPolicySettings,
  listPolicies,
  type PolicyDescription,
  type PolicySummary,
  policyConfig,
  showPolicy,
} from "../policies.ts";
import { type CommonOptions, stackCommand, targetOptions } from "./options.ts";
import { bold, print, printJson, table } from "./output.ts";

export default function command(): Command {
  const group = new Command("policy").addHelpText("after", HELP);
  group.addCommand(
    stackCommand("list")
      .description("every policy, with the level it has in this project")
      .action(async (options: CommonOptions) => printList(await listPolicies(targetOptions(options)), options)),
  );
  group.addCommand(
    stackCommand("show")
      .argument("<id>", "the policy")
      .description("what a policy demands, why, and its settings")
      .action(async (id: string, options: CommonOptions) =>
        printOne(await showPolicy(id, targetOptions(options)), options),
      ),
  );
  group.addCommand(
    stackCommand("check")
      .argument("[file]", "the settings file (default: windlass-policy.yaml of the project)")
      .description("read a settings file and tell every mistake, with its line")
      .action(check),
  );
  group.addCommand(
    stackCommand("config")
      .argument("[file]", "the settings file (default: windlass-policy.yaml of the project)")
      .description("print a settings file as the JSON that pulumi --policy-pack-config takes")
      .action((file: string | undefined, options: CommonOptions) => printJson(policyConfig(given(file, options)))),
  );
  return group;
}

const HELP = `
The policies judge every preview, up and resume. windlass-policy.yaml beside Pulumi.yaml sets them; it is optional.

Examples:
  $ windlass policy list
  $ windlass policy show monthly-budget
  $ windlass policy check
  $ windlass policy config > policy.json && pulumi preview --policy-pack policy --policy-pack-config policy.json`;

function given(file: string | undefined, options: CommonOptions) {
  return { ...targetOptions(options), ...(file === undefined ? {} : { file }) };
}

function check(file: string | undefined, options: CommonOptions): void {
  const found = checkPolicySettings(given(file, options));
  if (options.json) {
    printJson(found);
    return;
  }
  print(`${found.file} is right: it sets ${found.policies.join(", ") || "nothing"}.`);
  for (const { policy, resource, why, until } of found.exemptions)
    print(`  ${policy} is waived for ${resource} until ${until}: ${why}`);
}

function printList(policies: readonly PolicySummary[], { json }: CommonOptions): void {
  if (json) {
    printJson(policies);
    return;
  }
  const rows = policies.map(({ id, level, severity, title }) => [id, level, severity, title]);
  print(...table(["POLICY", "LEVEL", "SEVERITY", "DEMANDS"], rows));
}

function printOne(policy: PolicyDescription, { json }: CommonOptions): void {
  if (json) {
    printJson(policy);
    return;
  }
  const { id, level, severity, title, reason, fix, settings } = policy;
  print(bold(id), `${title} (${level}, ${severity})`, "", reason, "", `What to do: ${fix}`);
  if (settings.length === 0) return;
  const rows = settings.map(({ name, type, default: value, description }) => [
    name,
    type,
    value === undefined ? "" : JSON.stringify(value),
    description,
  ]);
  print("", ...table(["SETTING", "TYPE", "DEFAULT", "WHAT IT IS"], rows));
}
