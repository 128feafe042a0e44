/** The entry that Pulumi runs: `pulumi preview --policy-pack policy`. */
import { PolicyPack } from "@pulumi/policy";
import { policiesOf } from "./pack.ts";
import { RULES } from "./rules/index.ts";

new PolicyPack("windlass", { policies: policiesOf(RULES) });
