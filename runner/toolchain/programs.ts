import { aptInstall, canInstallPackages } from "./apt.ts";
import { run } from "./command.ts";
import { type Host, onPath } from "./host.ts";
import type { Part } from "./part.ts";

/** git: sends the training repository to a node as a bundle. */
export function gitPart(host: Host): Part {
  return systemProgram(host, { name: "git", program: "git", versionFlag: "--version", debianPackage: "git" });
}

/** The ssh client, for `windlass node ssh`; everything else speaks ssh by itself. */
export function sshPart(host: Host): Part {
  return systemProgram(host, { name: "ssh", program: "ssh", versionFlag: "-V", debianPackage: "openssh-client" });
}

interface SystemProgram {
  name: string;
  program: string;
  versionFlag: string;
  debianPackage: string;
}

/** A program that comes with the system; installed by apt-get where that can be done without asking. */
function systemProgram(host: Host, { name, program, versionFlag, debianPackage }: SystemProgram): Part {
  const part: Part = {
    name,
    async check() {
      const path = onPath(host, program);
      const fix = `install ${program} (Debian, Ubuntu: apt-get install ${debianPackage}; macOS: xcode-select --install)`;
      if (!path) return { ok: false, fix };
      const version = (await run(path, [versionFlag], { timeout: 5_000 })).output.trim().split("\n")[0] ?? "";
      return { ok: true, found: `${version} (${path})`, fix: "" };
    },
  };
  if (canInstallPackages(host)) part.install = (progress) => aptInstall(host, [debianPackage], progress);
  return part;
}
