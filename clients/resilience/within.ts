/** Waits for something, but not longer than the signal lets it; then throws the signal's reason. What becomes of the work is no matter then. */
export async function within<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", stop);
    promise.catch(() => undefined);
    work.catch(() => undefined);
  }
}
