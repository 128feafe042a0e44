import { readFileSync } from "node:fs";
import type { Output } from "@pulumi/pulumi";
import { NasServices, type NasServicesArgs, type RunningService } from "../components/compose-services.ts";

/**
 * The program of a stack of services: the component, with the arguments that the runner has written beside the project.
 * @param file JSON of the arguments
 */
export function servicesProgram(file: string): { services: Output<RunningService[]> } {
  const args = JSON.parse(readFileSync(file, "utf8")) as NasServicesArgs;
  const { services } = new NasServices(args.plan.project, args);
  return { services };
}
