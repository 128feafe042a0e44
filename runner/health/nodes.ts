import { UserError } from "../../domain/errors.ts";
import { HEALTH_LIMITS, type HealthResult, healthStatus } from "../../domain/health/result.ts";
import { HEALTH_TIMEOUT_MS } from "../../domain/health/target.ts";
import type { NodeOutput } from "../../domain/provision-result.ts";
import { GIB } from "../../domain/units.ts";
import { type NodeOptions, withNode } from "../node.ts";
import { nodeNotFound, nodesOf } from "../nodes.ts";
import { currentDeployment, stackConfig } from "../prepare.ts";
import { resolveTarget } from "../target.ts";

export interface NodesHealthOptions extends NodeOptions {
  /** Milliseconds in which each must answer over ssh. @default HEALTH_TIMEOUT_MS */
  timeoutMs?: number;
}

/**
 * Looks at every node of the stack (or the one named) over ssh; one Health Check Result each. Throws `NotFound` when there is
 * none.
 */
export async function nodesHealth(options: NodesHealthOptions = {}): Promise<HealthResult[]> {
  const target = resolveTarget(options);
  const deployment = await currentDeployment(target);
  const all = nodesOf(deployment, stackConfig(target).mountPoint);
  const nodes = options.node === undefined ? all : all.filter(({ name }) => name === options.node);
  if (nodes.length === 0) throw nodeNotFound(target.stack, deployment, options.node);
  return Promise.all(nodes.map((node) => nodeHealth({ ...options, node: node.name }, node)));
}

/**
 * One line per reading. CPU is measured over 200 ms from /proc/stat; the disk is the volume's where it is mounted. The training job is well
 * while its process (number and start time, as the bootstrap noted them) lives, and when it has ended with success.
 */
function readingScript(mountPoint: string): string {
  return `
cpu() { awk '/^cpu /{t=0; for(i=2;i<=9;i++) t+=$i; print t, $5+$6}' /proc/stat; }
a=$(cpu); sleep 0.2; b=$(cpu)
echo "cpu $(echo $a $b | awk '{t=$3-$1; print (t>0) ? 100*(t-($4-$2))/t : 0}')"
awk '/^MemTotal/{t=$2} /^MemAvailable/{a=$2} END{print "memory", 100*(t-a)/t}' /proc/meminfo
mountpoint -q ${quote(mountPoint)} && echo "mounted 1" || echo "mounted 0"
df -B1 --output=used,size ${quote(mountPoint)} 2>/dev/null | awk 'NR==2{print "disk", $1, $2}'
df -B1 --output=used,size / | awk 'NR==2{print "root", $1, $2}'
nvidia-smi --query-gpu=utilization.gpu,temperature.gpu --format=csv,noheader,nounits 2>/dev/null | tr -d , | sed 's/^/gpu /'
read -r pid started 2>/dev/null <${STATE}/training.pid
[ -n "$started" ] && [ "$(awk '{print $22}' /proc/$pid/stat 2>/dev/null)" = "$started" ] && echo "training 1"
[ "$(cat ${STATE}/training.exit 2>/dev/null)" = 0 ] && echo "training 1"
echo end`;
}

/** Where the bootstrap steps keep their notes on the node. */
const STATE = "/var/lib/windlass";

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

async function nodeHealth(options: NodesHealthOptions, node: NodeOutput): Promise<HealthResult> {
  const { timeoutMs = HEALTH_TIMEOUT_MS } = options;
  const started = performance.now();
  const [volume] = node.volumes;
  let output = "";
  try {
    output = await withNode({ ...options, sshTimeoutMs: timeoutMs }, async (ssh) => {
      const script = readingScript(volume?.mountPoint ?? "/");
      return (await ssh.exec(script, { timeoutMs })).stdout;
    });
  } catch (error) {
    if (!(error instanceof UserError) || !["SSHConnectionFailed", "CommandFailed"].includes(error.code)) throw error;
  }
  return healthOf(node, output, Math.round(performance.now() - started), new Date());
}

/** Judges what the node told; an empty output is a node that did not answer. */
export function healthOf(node: NodeOutput, output: string, responseTimeMs: number, now: Date): HealthResult {
  const read = (name: string) => {
    const line = output.split("\n").find((candidate) => candidate.startsWith(`${name} `));
    return line?.split(/\s+/).slice(1).map(Number);
  };
  const gpus = output.split("\n").filter((line) => /^gpu \d/.test(line));
  const gpu = gpus.map((line) => line.split(/\s+/).slice(1).map(Number));
  const [used, total] = read("disk") ?? read("root") ?? [];
  const cpu = read("cpu")?.[0];
  const memory = read("memory")?.[0];
  const hottest = Math.max(...gpu.map(([, temperature]) => temperature ?? 0));
  const answered = output.includes("\nend");
  const required = {
    ssh_reachable: answered,
    gpu_available: gpu.length > 0,
    volume_mounted: node.volumes.length === 0 || read("mounted")?.[0] === 1,
  };
  const desired = {
    disk_ok: used !== undefined && total !== undefined && (100 * used) / total <= HEALTH_LIMITS.diskPercent,
    cpu_ok: cpu !== undefined && cpu <= HEALTH_LIMITS.cpuPercent,
    memory_ok: memory !== undefined && memory <= HEALTH_LIMITS.memoryPercent,
    ...(gpu.length > 0 ? { gpu_temperature_ok: hottest <= HEALTH_LIMITS.gpuTemperatureC } : {}),
    ...(node.trainingLog ? { training_ok: read("training")?.[0] === 1 } : {}),
  };
  return {
    service: node.name,
    status: healthStatus({ required, desired }),
    endpoint: `ssh://${node.sshUser}@${node.ipAddress}`,
    response_time_ms: responseTimeMs,
    checks: { ...required, ...desired },
    metrics: {
      cpu_percent: rounded(cpu),
      memory_percent: rounded(memory),
      gpu_util_percent: gpu.length > 0 ? rounded(average(gpu.map(([utilization]) => utilization ?? 0))) : null,
      ...(gpu.length > 0 ? { gpu_temperature_c: hottest } : {}),
      disk_used_gb: gibibytes(used),
      disk_total_gb: gibibytes(total),
    },
    last_checked: now.toISOString(),
  };
}

function average(numbers: number[]): number {
  return numbers.reduce((sum, n) => sum + n, 0) / numbers.length;
}

function rounded(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : Math.round(value * 10) / 10;
}

function gibibytes(bytes: number | undefined): number | null {
  return bytes === undefined ? null : Math.round((bytes / GIB) * 100) / 100;
}
