import { portsRule } from "../open-ports.ts";

export const rule = portsRule({
  id: "inference-port-open",
  title: "inference servers and notebooks are reached from the VPC and listed addresses only",
  reason:
    "vLLM, Ollama and their like answer whoever asks, and each answer is GPU time that you pay; a notebook or a Ray dashboard runs any code it is sent. The ports are the defaults in the projects' manuals.",
  fix: "name the network of the VPC (vpc.ipRange) or listed addresses as the source; give the world a load balancer with HTTPS and a key",
  severity: "high",
  ports: {
    6006: "TensorBoard",
    7860: "Gradio",
    "8000-8002": "vLLM, Triton",
    "8080-8081": "llama.cpp, TGI, TorchServe",
    8188: "ComfyUI",
    8265: "Ray",
    "8500-8501": "TensorFlow Serving",
    8888: "Jupyter",
    10001: "Ray",
    11434: "Ollama",
    30000: "SGLang",
  },
  loadBalancers: false,
});
