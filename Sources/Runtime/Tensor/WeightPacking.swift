import KernelABI

/// A row-major quantised block format as the packer sees it: 32 codes, a scale and perhaps a minimum a block.
protocol BlockFormat {
  static var blockBytes: Int { get }
  /// Width of the packed codes, 4 or 8 bits.
  static var bits: Int { get }
  static var zero: Int32 { get }
  static var hasMinimum: Bool { get }
  /// Half-precision bits of scale and minimum, then the 32 codes (unsigned).
  static func read(_ block: UnsafeRawPointer, _ codes: UnsafeMutablePointer<UInt8>) -> (scale: UInt16, minimum: UInt16)
}

extension WeightMatrix {
  /// Repacks rows of 32-blocks [outputs, inputs / 32] into panels; rows past the last get scale 0.
  init<Format: BlockFormat>(
    _ format: Format.Type, _ source: UnsafeRawPointer, outputs: Int, inputs: Int, pool: WorkerPool
  ) {
    let blocks = inputs / 32
    let panels = (outputs + 15) / 16
    let recordBytes = PackedPanels.recordBytes(bits: Format.bits, hasMinimum: Format.hasMinimum)
    let buffer = AlignedBuffer<UInt8>(count: panels * blocks * recordBytes)
    pool.run(over: panels, grain: 4) { range in
      withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { scratch in
        guard let codes = scratch.baseAddress else { return }
        for panel in range {
          for lane in 0..<min(16, outputs - panel * 16) {
            let row = source + (panel * 16 + lane) * blocks * Format.blockBytes
            for block in 0..<blocks {
              let (scale, minimum) = Format.read(row + block * Format.blockBytes, codes)
              let record = UnsafeMutableRawPointer(buffer.base) + (panel * blocks + block) * recordBytes
              pack(codes, bits: Format.bits, lane: lane, into: record)
              let scales = (record + 64 * Format.bits).assumingMemoryBound(to: UInt16.self)
              scales[lane] = scale
              if Format.hasMinimum { scales[16 + lane] = minimum }
            }
          }
        }
      }
    }
    self.init(
      storage: .packed(buffer, bits: Format.bits, zero: Format.zero, hasMinimum: Format.hasMinimum),
      outputs: outputs, inputs: inputs)
  }

  /// Repacks float rows [outputs, inputs]; `read` fills one row.
  init(
    element: FloatElement, outputs: Int, inputs: Int, pool: WorkerPool,
    row read: (Int, UnsafeMutablePointer<UInt8>) -> Void
  ) {
    let panels = (outputs + 15) / 16
    let size = element.bytes
    let buffer = AlignedBuffer<UInt8>(count: panels * inputs * 16 * size)
    pool.run(over: panels, grain: 4) { range in
      withUnsafeTemporaryAllocation(byteCount: inputs * size, alignment: 64) { scratch in
        guard let source = scratch.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
        for panel in range {
          for lane in 0..<min(16, outputs - panel * 16) {
            read(panel * 16 + lane, source)
            let target = buffer.base + (panel * inputs * 16 + lane) * size
            for input in 0..<inputs {
              (target + input * 16 * size).update(from: source + input * size, count: size)
            }
          }
        }
      }
    }
    self.init(storage: .float(buffer, element), outputs: outputs, inputs: inputs)
  }
}

/// Lays 32 codes of one output row into its lane of a record: eight steps of four inputs, see `PackedPanels`.
private func pack(_ codes: UnsafePointer<UInt8>, bits: Int, lane: Int, into record: UnsafeMutableRawPointer) {
  let bytes = record.assumingMemoryBound(to: UInt8.self)
  for step in 0..<8 {
    for j in 0..<4 {
      let code = codes[step * 4 + j]
      if bits == 4 {
        bytes[(step / 2) * 64 + lane * 4 + j] |= step % 2 == 0 ? code : code << 4
      } else {
        bytes[step * 64 + lane * 4 + j] = code
      }
    }
  }
}
