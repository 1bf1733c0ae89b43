/** Workflow documents; see workflows.mjs. */
export const reviewBoard: object;
export const refundTriage: object;
export const nightlyImport: object;
export function mesh(layers: number, width: number): object;
