import KernelABI

/// Packed int groups with an exact residual; see `GroupedStore`.
public struct GroupedCodec: Codec {
  public let keyBits: Int
  public let valueBits: Int
  public let group: Int
  public let residual: Int

  public var removesTokens: Bool { false }

  public func check(shape: CacheShape) throws { try Self.check(group: group, headDim: shape.headDim) }

  /// - Throws: `RuntimeProblem` K305 if groups of channels would straddle heads.
  static func check(group: Int, headDim: Int) throws {
    guard headDim % group == 0 else {
      throw RuntimeProblem(
        "K305", seen: "group=\(group) does not divide the model's head dimension \(headDim)",
        expected: "a group that divides \(headDim)", suggestion: "use group=32")
    }
  }

  public func makeStore(shape: CacheShape, layer: Int, kernels: KernelTable) -> any LayerStore {
    GroupedStore(
      shape: shape, keyBits: keyBits, valueBits: valueBits, group: group, residual: residual, kernels: kernels)
  }
}
