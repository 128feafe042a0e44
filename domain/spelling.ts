/** The candidate closest to what was written, or undefined where none is close enough to be meant (half its length in edits). */
export function nearest(written: string, candidates: readonly string[]): string | undefined {
  return nearestFew(written, candidates, 1)[0];
}

/** As many of the candidates as are close enough to be meant, the closest first. */
export function nearestFew(written: string, candidates: readonly string[], most: number): string[] {
  const lower = written.toLowerCase();
  const measured = candidates.map((candidate) => ({ candidate, edits: distance(lower, candidate.toLowerCase()) }));
  const near = measured.filter(({ edits }) => edits <= Math.max(2, Math.floor(written.length / 2)));
  return near
    .sort((a, b) => a.edits - b.edits)
    .slice(0, most)
    .map(({ candidate }) => candidate);
}

/** Levenshtein's distance: inserted, deleted and exchanged characters. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const exchange = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(exchange, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
