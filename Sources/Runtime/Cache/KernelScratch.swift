import CIntrinsics

/// Calls `body` with memory for one kernel's call, aligned to 64 bytes: the thread's own where it fits, since a step of a
/// long cache makes thousands of such calls. `body` may not ask for it again.
@inline(__always)
func withKernelScratch(bytes: Int, _ body: (UnsafeMutableRawPointer) -> Void) {
  if bytes <= Int(KV_SCRATCH_BYTES), let area = kv_thread_scratch() { return body(area) }
  withUnsafeTemporaryAllocation(byteCount: bytes, alignment: 64) { area in
    if let base = area.baseAddress { body(base) }
  }
}
