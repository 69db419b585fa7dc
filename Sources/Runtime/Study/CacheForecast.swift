import KernelABI

/// Bytes that a layer will hold, said beforehand from the sheets' formulas; never less than what it comes to, padding
/// apart.
extension Slots {
  /// Bytes of one layer of one sequence with a text of `tokens` tokens, `prompt` of them its prompt.
  func foretoldLayerBytes(prompt: Int, tokens: Int, shape: CacheShape) -> Int {
    let isDropping = dispose?.demotes != true
    let kept = isDropping ? keep?.mostTokens(prompt: prompt, tokens: tokens, shape: shape) ?? tokens : tokens
    // A position and a score a token and head at most.
    let metadata = keep == nil ? 0 : kept * shape.kvHeads * 8
    return (codec?.mostBytes(tokens: kept, shape: shape) ?? Self.exactBytes(kept, shape)) + metadata
      + (select?.mostMetadataBytes(tokens: kept, shape: shape) ?? 0)
  }

  /// Bytes of all layers of such a sequence.
  func foretoldBytes(prompt: Int, tokens: Int, shape: CacheShape) -> Int {
    let own = foretoldLayerBytes(prompt: prompt, tokens: tokens, shape: shape)
    guard let share else { return shape.layers * own }
    let metadata = select?.mostMetadataBytes(tokens: tokens, shape: shape) ?? 0
    return share.mostBytes(tokens: tokens, shape: shape, own: own - metadata) + shape.layers * metadata
  }

  /// Exact keys and values in whole blocks of 16 tokens.
  static func exactBytes(_ tokens: Int, _ shape: CacheShape) -> Int { (tokens + 15) / 16 * 16 * shape.tokenBytes }
}

extension KeepPolicy {
  /// The most tokens a head keeps of a text; all, unless the policy knows better.
  public func mostTokens(prompt: Int, tokens: Int, shape: CacheShape) -> Int { tokens }
}

extension Codec {
  /// The most bytes of one layer of a text; those of the uncompressed cache, unless the codec knows better.
  public func mostBytes(tokens: Int, shape: CacheShape) -> Int { Slots.exactBytes(tokens, shape) }

  /// Nothing worth counting, unless the codec knows better.
  public func mostPackingBytes(tokens: Int, shape: CacheShape) -> Int { 0 }
}

extension HeavyHitters {
  func mostTokens(prompt: Int, tokens: Int, shape: CacheShape) -> Int {
    let counts = budget.counts(prompt: prompt, tokens: tokens, shape: shape)
    return kept(counts.heavy + counts.recent, prompt, tokens, removesWhileDecoding)
  }
}

extension SinksAndRecent {
  func mostTokens(prompt: Int, tokens: Int, shape: CacheShape) -> Int {
    let budget =
      budget.map { max(sink + 1, $0.tokens(prompt: prompt, shape: shape, metadataBytes: 4)) }
      ?? sink + recent.tokens(prompt: prompt, shape: shape)
    return kept(budget, prompt, tokens, removesWhileDecoding)
  }
}

/// A method that drops while decoding holds its budget and the token of the step; another one goes on growing.
private func kept(_ budget: Int, _ prompt: Int, _ tokens: Int, _ removesWhileDecoding: Bool) -> Int {
  min(tokens, removesWhileDecoding ? budget + 1 : min(prompt, budget) + tokens - prompt)
}

extension GroupedCodec {
  public func mostBytes(tokens: Int, shape: CacheShape) -> Int {
    let width = shape.kvHeads * shape.headDim
    // The exact part of the keys breathes up to the residual.
    let packed = max(0, tokens - residual)
    let block = (packed + 31) / 32 * 32
    return block * width * (keyBits + valueBits) / 8 + 2 * block * width * 4 / group
      + Slots.exactBytes(min(tokens, residual) + 1, shape)
  }
}

extension GearTensorCodec {
  public func mostBytes(tokens: Int, shape: CacheShape) -> Int {
    let width = shape.kvHeads * shape.headDim
    let numbers = tokens * width
    let outliers = Int(Double(numbers) * settings.outlier) + 2
    let rank = Int(settings.rank * Double(min(tokens, width))) + 1
    // Every outlier of keys may have an entry of its own, and every channel of a run of values three fillers; blocks of 16
    // tokens and runs say where their own begin.
    let runs = tokens / OutlierGroups.runTokens + 1
    let layouts =
      outliers * 4 + min(outliers, runs * width) * 18 + (tokens / 16 + runs + 4) * 8 * shape.kvHeads
    return 2 * (numbers * settings.bits / 8 + 4 + outliers * 6 + 2 * rank * (tokens + width)) + layouts
      + Slots.exactBytes(settings.interval, shape)
  }

  /// The errors of both tensors in fixed point, two bytes each, candidates for outliers with their places, all at worst,
  /// and the outliers that there were.
  public func mostPackingBytes(tokens: Int, shape: CacheShape) -> Int {
    let numbers = tokens * shape.kvHeads * shape.headDim
    return 2 * (numbers * (2 + 12) + Int(Double(numbers) * settings.outlier) * 8)
  }
}

extension GearGroupCodec {
  public func mostBytes(tokens: Int, shape: CacheShape) -> Int {
    let width = shape.kvHeads * shape.headDim
    let numbers = tokens * width
    let blocks = tokens / max(1, settings.interval) + 1
    // A count of outliers is rounded down; a block of 32 tokens may not be full.
    let outliers = 2 * (Int(Double(numbers) * settings.outlier) + width + tokens)
    let rank = max(settings.rank, settings.rankDecode)
    return 2 * (numbers * settings.bits / 8 + (tokens + 31) / 32 * 32 * width * 4 / settings.group) + outliers * 6
      + 4 * shape.kvHeads * rank * (tokens + blocks * shape.headDim) + Slots.exactBytes(settings.interval, shape)
  }
}

extension RotatedCodec {
  public func mostBytes(tokens: Int, shape: CacheShape) -> Int {
    let block = (tokens + 31) / 32 * 32
    let scales = 4 * shape.headDim / (settings.group ?? shape.headDim)
    return block * shape.kvHeads * (shape.headDim * (settings.keyBits + settings.valueBits) / 8 + 2 * scales)
  }
}

extension TieredCodec {
  public func mostBytes(tokens: Int, shape: CacheShape) -> Int {
    let scales = 4 * shape.headDim / settings.group(headDim: shape.headDim)
    let width = shape.kvHeads * shape.headDim
    func packed(_ tokens: Int, bits: Int) -> Int {
      let block = (tokens + 31) / 32 * 32
      return 2 * block * (width * bits / 8 + shape.kvHeads * scales)
    }
    // The token of the step is in the upper tier until the step is over.
    let upper = min(tokens, Int(Double(tokens) * settings.upperShare) + 1)
    let exact = settings.highBits == 16
    return (exact ? Slots.exactBytes(upper, shape) : packed(upper, bits: settings.highBits))
      + packed(tokens - upper, bits: settings.lowBits) + (settings.balances ? 4 * width : 0)
  }
}

extension SketchCodec {
  public func mostBytes(tokens: Int, shape: CacheShape) -> Int {
    let width = shape.kvHeads * shape.headDim
    // The first layers sketch more than the rest: a layer of the mean.
    let sketches = (0..<shape.layers).reduce(0) {
      let size = settings.size(layer: $1, shape: shape)
      return $0 + size.sketch + size.outlierSketch
    }
    let sketch = (sketches + shape.layers * 8 - 1) / (shape.layers * 8)
    let packed = max(0, tokens - settings.residual)
    let block = (packed + 31) / 32 * 32
    let keys = tokens * shape.kvHeads * (sketch + 4) + tokens / settings.group * shape.kvHeads * settings.outliers
    return keys + block * width * settings.valueBits / 8 + block * width * 4 / settings.group
      + Slots.exactBytes(min(tokens, settings.residual) + 1, shape)
  }
}

extension BookCodec {
  public func mostBytes(tokens: Int, shape: CacheShape) -> Int {
    let width = shape.kvHeads * shape.headDim
    let block = (tokens + 31) / 32 * 32
    // A text may have several times the outliers of the calibration's keys, up to a cap of each end that may be each
    // head's own; a token's values round up to one an end.
    let most = settings.cap.map { 2 * Double($0 * shape.kvHeads) } ?? .infinity
    let keys = min(4 * settings.outlier * Double(width), most)
    let outliers = settings.outlier > 0 ? Double(tokens) * (keys + settings.outlier * Double(width) + 2) : 0
    return block * (width * 2 * settings.bits / 8 + 4 * shape.kvHeads) + Int(outliers) * 4
      + Slots.exactBytes(settings.sink + 1, shape)
  }
}
