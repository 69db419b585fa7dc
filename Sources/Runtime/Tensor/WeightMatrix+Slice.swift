import KernelABI

extension WeightMatrix {
  /// Inputs that a slice may begin and end at multiples of: a block of the weights' format.
  var inputUnit: Int {
    switch storage {
    case .packed(_, let layout): layout.hasHeaders ? 256 : 32
    case .float: 16
    }
  }

  /// Outputs that a slice may begin at multiples of: a panel.
  static var outputUnit: Int { 16 }

  /// The part of the matrix that makes some of the outputs of some of the inputs, in memory of its own.
  ///
  /// Outputs begin at a multiple of `outputUnit` and end at one or at the last; inputs do so by `inputUnit`. Nil otherwise.
  func slice(outputs: Range<Int>, inputs: Range<Int>) -> WeightMatrix? {
    func isWhole(_ range: Range<Int>, _ unit: Int, of count: Int) -> Bool {
      range.lowerBound >= 0 && range.upperBound <= count && !range.isEmpty && range.lowerBound % unit == 0
        && (range.upperBound % unit == 0 || range.upperBound == count)
    }
    guard isWhole(outputs, Self.outputUnit, of: self.outputs), isWhole(inputs, inputUnit, of: self.inputs) else {
      return nil
    }
    let first = outputs.lowerBound / 16
    let panels = (outputs.count + 15) / 16
    switch storage {
    case .float(let elements, let element):
      let rowBytes = 16 * element.bytes
      let buffer = AlignedBuffer<UInt8>(count: panels * inputs.count * rowBytes)
      for panel in 0..<panels {
        (buffer.base + panel * inputs.count * rowBytes).update(
          from: elements.base + ((first + panel) * self.inputs + inputs.lowerBound) * rowBytes,
          count: inputs.count * rowBytes)
      }
      return WeightMatrix(storage: .float(buffer, element), outputs: outputs.count, inputs: inputs.count)
    case .packed(let records, let layout):
      let (all, own, from) = (self.inputs / 32, inputs.count / 32, inputs.lowerBound / 32)
      let buffer = AlignedBuffer<UInt8>(count: (panels + 1) / 2 * layout.pairBytes(blocks: own))
      for panel in 0..<panels {
        for block in 0..<own {
          (buffer.base + layout.recordOffset(panel: panel, block: block, blocks: own)).update(
            from: records.base + layout.recordOffset(panel: first + panel, block: from + block, blocks: all),
            count: layout.recordBytes)
          guard layout.hasHeaders, block % 8 == 0 else { continue }
          (buffer.base + layout.headerOffset(panel: panel, block: block, blocks: own)).update(
            from: records.base + layout.headerOffset(panel: first + panel, block: from + block, blocks: all),
            count: layout.headerBytes)
        }
      }
      return WeightMatrix(storage: .packed(buffer, layout), outputs: outputs.count, inputs: inputs.count)
    }
  }
}
