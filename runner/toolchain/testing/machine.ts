import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Host } from "../host.ts";

/** A made-up machine: a clone, a cache, and a PATH on which stand only the programs that a test puts there. */
export class Machine {
  readonly folder = mkdtempSync(join(tmpdir(), "windlass-machine-"));
  readonly root = join(this.folder, "clone");
  readonly programs = join(this.folder, "programs");

  constructor() {
    mkdirSync(this.root);
    mkdirSync(this.programs);
  }

  host(env: NodeJS.ProcessEnv = {}): Host {
    return {
      root: this.root,
      home: join(this.root, ".windlass"),
      cache: join(this.folder, "cache/windlass"),
      env: { PATH: `${this.programs}:/usr/bin:/bin`, WINDLASS_NO_DOWNLOAD: "1", ...env },
      platform: "linux",
      superuser: false,
    };
  }

  /** Puts a shell script on PATH (or at a path under the machine's folder) and answers with where it is. */
  program(name: string, body: string): string {
    return this.file(name.includes("/") ? name : `programs/${name}`, `#!/bin/sh\n${body}\n`, 0o755);
  }

  /** Writes a file under the machine's folder. */
  file(name: string, text: string, mode = 0o644): string {
    const path = join(this.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
