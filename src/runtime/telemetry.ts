/**
 * ONNX Runtime sends usage data home since 1.30 unless its environment says otherwise when the first session opens. Imported
 * before the runtime itself; the one place beside config.ts that touches the environment.
 */
process.env.ORT_DISABLE_TELEMETRY ??= '1'
