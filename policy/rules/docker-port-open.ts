import { portsRule } from "../open-ports.ts";

export const rule = portsRule({
  id: "docker-port-open",
  title: "the APIs of Docker and Kubernetes are reached from known addresses only",
  reason:
    "Who may talk to a Docker engine is root on its host, and 2375 asks for nothing (docs.docker.com/engine/security/protect-access); the kubelet runs commands in any container, etcd holds every secret of a cluster (kubernetes.io/docs/reference/networking/ports-and-protocols).",
  fix: "reach Docker over ssh (DOCKER_HOST=ssh://...); let in the network of the VPC (vpc.ipRange) or the cluster's nodes by sourceTags only",
  severity: "critical",
  ports: {
    "2375-2376": "Docker",
    2377: "Docker Swarm",
    "2379-2380": "etcd",
    4243: "Docker",
    6443: "Kubernetes API",
    10250: "kubelet",
    10255: "kubelet",
  },
  loadBalancers: true,
});
