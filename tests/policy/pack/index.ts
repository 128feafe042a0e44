/** The pack of the batch tests: the rules of policy/, judging each program of a batch by itself and with its own settings. */
import { readFileSync } from "node:fs";
import { PolicyPack } from "@pulumi/policy";
import { policiesOf } from "../../../policy/pack.ts";
import { RULES } from "../../../policy/rules/index.ts";
import { apart } from "./apart.ts";

const settings = JSON.parse(readFileSync(process.env.POLICY_CASES as string, "utf8"));

new PolicyPack("windlass", { policies: policiesOf(RULES.map((rule) => apart(rule, settings))) });
