import { expect, test } from "vitest";
import { PUBLIC_KEY, testCloud } from "../test-cloud.ts";
import { fingerprintOf } from "./routes.ts";

test("the fingerprint is ssh-keygen's MD5 one", () => {
  // ssh-keygen -lf key.pub -E md5
  const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl github";
  expect(fingerprintOf(key)).toBe("65:96:2d:fc:e8:d5:a9:11:64:0c:0f:ea:00:6e:5b:bd");
  for (const wrong of ["", "ssh-rsa", "ssh-rsa AAAA", key.replace("ssh-ed25519", "ssh-rsa")])
    expect(fingerprintOf(wrong)).toBeUndefined();
});

test("a key is found by id and fingerprint, renamed, and deleted; the same key is not taken twice", async () => {
  const { api } = await testCloud();
  const created = await api("POST", "/account/keys", { name: "laptop", public_key: PUBLIC_KEY });
  expect(created.status).toBe(201);
  const { id, fingerprint } = created.body.ssh_key;
  expect(await api("POST", "/account/keys", { name: "again", public_key: PUBLIC_KEY })).toMatchObject({
    status: 422,
    body: { message: "SSH Key is already in use on your account" },
  });
  expect((await api("POST", "/account/keys", { name: "x", public_key: "no key" })).status).toBe(422);
  expect((await api("POST", "/account/keys", { public_key: PUBLIC_KEY })).status).toBe(422);
  await api.ok("PUT", `/account/keys/${fingerprint}`, { name: "desktop" });
  expect((await api.ok("GET", `/account/keys/${id}`)).ssh_key).toMatchObject({
    name: "desktop",
    public_key: PUBLIC_KEY,
  });
  expect((await api("DELETE", `/account/keys/${id}`)).status).toBe(204);
  expect((await api("GET", `/account/keys/${fingerprint}`)).status).toBe(404);
});
