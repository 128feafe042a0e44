import { buildGoProgram } from "../go-program.ts";

/** The S3 server of the tests: Versity's gateway on a folder (40 seconds on two cores). */
export function buildS3Server(): Promise<string> {
  return buildGoProgram({
    name: "versitygw",
    purpose: "the S3 server of the tests",
    folder: "s3-server",
    main: "github.com/versity/versitygw/cmd/versitygw",
    go: "1.26",
  });
}
