/** Whether a file is named by a git repository or an OCI registry. */
export function isRemote(path: string): boolean {
  return /^(https?:\/\/|git:\/\/|ssh:\/\/|oci:\/\/|github\.com\/|git@)/.test(path);
}
