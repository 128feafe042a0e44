import { existsSync } from "node:fs";
import { run, tail, toolMissing } from "./command.ts";
import { type Host, onPath } from "./host.ts";

/** Whether system packages can be installed here without asking: root on Debian or one of its kin. */
export function canInstallPackages(host: Host): boolean {
  return host.superuser && host.platform === "linux" && onPath(host, "apt-get") !== undefined;
}

/** Installs Debian packages; the package lists are fetched first where there are none, or when the first try fails. */
export async function aptInstall(host: Host, packages: string[], progress: (line: string) => void): Promise<void> {
  const env = { ...host.env, DEBIAN_FRONTEND: "noninteractive" };
  const apt = async (args: string[]) => {
    progress(`apt-get ${args.join(" ")}`);
    return await run("apt-get", ["-qq", "-o", "DPkg::Lock::Timeout=120", ...args], { env });
  };
  const install = () => apt(["install", "--yes", "--no-install-recommends", ...packages]);
  if (!existsSync("/var/lib/apt/lists/lock")) await apt(["update"]);
  let result = await install();
  if (result.code !== 0) {
    await apt(["update"]);
    result = await install();
  }
  if (result.code !== 0) {
    throw toolMissing(
      packages.join(", "),
      `apt-get could not install ${packages.join(" ")}: ${tail(result.output)}`,
      "install it by hand and try again",
    );
  }
}
