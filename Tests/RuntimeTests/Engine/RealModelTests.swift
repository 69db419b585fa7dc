import Testing

/// Tests that run SmolLM2: one at a time, since each uses all threads.
@Suite("SmolLM2", .serialized)
struct RealModelTests {}
