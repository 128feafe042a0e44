import type { Output } from "@pulumi/pulumi";
import { NasServices, type NasServicesArgs, type RunningService } from "../components/compose-services.ts";

/** The program of a stack of services: the component. */
export function servicesProgram(args: NasServicesArgs): { services: Output<RunningService[]> } {
  const { services } = new NasServices(args.plan.project, args);
  return { services };
}
