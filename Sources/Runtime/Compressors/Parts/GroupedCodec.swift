import KernelABI

/// Packed int groups with an exact residual; see `GroupedStore`.
public struct GroupedCodec: Codec {
  public let keyBits: Int
  public let valueBits: Int
  public let group: Int
  public let residual: Int

  public var removesTokens: Bool { false }

  public func check(shape: CacheShape) throws {
    guard shape.headDim % group == 0 else {
      throw RuntimeProblem(
        "K305", seen: "group=\(group) does not divide the model's head dimension \(shape.headDim)",
        expected: "a group that divides \(shape.headDim)", suggestion: "use group=32")
    }
  }

  public func makeStore(shape: CacheShape, layer: Int, kernels: KernelTable) -> any LayerStore {
    GroupedStore(
      shape: shape, keyBits: keyBits, valueBits: valueBits, group: group, residual: residual, kernels: kernels)
  }
}
