import KernelABI

/// The same numbers in another order.
extension TensorMath {
  /// The numbers in another shape; one size may be -1, which is what is left.
  ///
  /// - Throws: `RuntimeProblem` K701 if the counts differ, K703 if more than one size is open.
  public func reshape(_ x: Tensor, _ sizes: [Int]) throws -> Tensor {
    var sizes = sizes
    if let open = sizes.firstIndex(of: -1) {
      let known = try TensorShape(sizes.enumerated().filter { $0.offset != open }.map(\.element)).count
      guard known > 0, x.count % known == 0 else {
        throw RuntimeProblem(
          "K701", seen: "`reshape` of the shape \(x.shape) to \(sizes)",
          expected: "sizes that divide its \(x.count.grouped) numbers")
      }
      sizes[open] = x.count / known
    }
    let shape = try TensorShape(sizes)
    guard shape.count == x.count else {
      throw RuntimeProblem(
        "K701", seen: "`reshape` of the shape \(x.shape) to \(shape)", expected: "\(x.count.grouped) numbers in both")
    }
    return x.reshaped(shape)
  }

  /// The axes in another order; none reverses them.
  ///
  /// - Throws: `RuntimeProblem` K702 (axis), K703 if an axis is missing or named twice.
  public func transpose(_ x: Tensor, _ axes: [Int] = []) throws -> Tensor {
    let order = axes.isEmpty ? Array(x.sizes.indices.reversed()) : try axes.map { try x.shape.axis($0) }
    guard order.sorted() == Array(x.sizes.indices) else {
      throw RuntimeProblem(
        "K703", seen: "transpose to the axes \(axes) of a tensor of shape \(x.shape)",
        expected: "each of its \(x.shape.dimensions) axes once")
    }
    let shape = TensorShape(known: order.map { x.sizes[$0] })
    let strides = x.shape.strides
    return try gather(x, shape, order.map { strides[$0] })
  }

  /// Numbers at strides of x, packed; truths stay bytes.
  private func gather(_ x: Tensor, _ shape: TensorShape, _ strides: [Int], from first: Int = 0) throws -> Tensor {
    switch x.storage {
    case .floats(let floats):
      let out = try memory(shape)
      copy(floats.base, shape, strides, from: first, to: out.base)
      return Tensor(shape, out, x.element)
    case .truths(let truths):
      let out = try truthMemory(shape)
      copy(truths.bytes.base, shape, strides, from: first, to: out.base)
      return Tensor(shape, truths: out, x.element)
    }
  }

  @inline(__always)
  private func copy<Number: BitwiseCopyable>(
    _ source: UnsafeMutablePointer<Number>, _ shape: TensorShape, _ strides: [Int], from first: Int,
    to out: UnsafeMutablePointer<Number>
  ) {
    guard shape.count > 0 else { return }
    guard let width = shape.sizes.last, let step = strides.last else {
      out[0] = source[first]
      return
    }
    let outer = shape.sizes.dropLast()
    shareRows(shape.count / width, width: width) { part in
      for row in part {
        var place = first
        var rest = row
        for axis in outer.indices.reversed() {
          place += rest % outer[axis] * strides[axis]
          rest /= outer[axis]
        }
        let target = out + row * width
        if step == 1 {
          target.update(from: source + place, count: width)
        } else {
          for index in 0..<width { target[index] = source[place + index * step] }
        }
      }
    }
  }

  /// What stands in place of an axis when a tensor is read by subscripts.
  public enum Subscript: Equatable, Sendable {
    /// One element: the axis goes.
    case place(Int)
    /// Elements `low` up to `high` without it; nil is the end, and bounds beyond the ends are the ends.
    case slice(low: Int?, high: Int?)
    /// Elements in this order.
    case places([Int])
  }

  /// The part of a tensor that subscripts choose, axis by axis; axes without one stay whole.
  ///
  /// - Throws: `RuntimeProblem` K702 for too many subscripts, K708 for a place outside.
  public func part(_ x: Tensor, _ subscripts: [Subscript]) throws -> Tensor {
    guard subscripts.count <= x.shape.dimensions else {
      throw RuntimeProblem(
        "K702", seen: "\(subscripts.count) subscripts of a tensor of shape \(x.shape)",
        expected: "at most \(x.shape.dimensions)")
    }
    let strides = x.shape.strides
    var first = 0
    var sizes: [Int] = []
    var steps: [Int] = []
    var lists: [(axis: Int, places: [Int])] = []
    for (axis, size) in x.sizes.enumerated() {
      switch axis < subscripts.count ? subscripts[axis] : .slice(low: nil, high: nil) {
      case .place(let index):
        first += try Self.place(index, axis, x.shape) * strides[axis]
        continue
      case .slice(let low, let high):
        func bound(_ bound: Int?, _ otherwise: Int) -> Int {
          guard let bound else { return otherwise }
          return Swift.min(Swift.max(bound < 0 ? bound &+ size : bound, 0), size)
        }
        let lower = bound(low, 0)
        first += lower * strides[axis]
        sizes.append(Swift.max(0, bound(high, size) - lower))
      case .places(let places):
        lists.append((sizes.count, try places.map { try Self.place($0, axis, x.shape) }))
        sizes.append(size)
      }
      steps.append(strides[axis])
    }
    let shape = TensorShape(known: sizes)
    let isContiguous = steps == shape.strides || shape.count <= 1
    var result =
      isContiguous && first == 0 && shape.count == x.count
      ? x.reshaped(shape) : try gather(x, shape, steps, from: shape.count == 0 ? 0 : first)
    for (axis, places) in lists { result = try take(result, places, axis: axis) }
    return result
  }

  static func place(_ index: Int, _ axis: Int, _ shape: TensorShape) throws -> Int {
    let place = index < 0 ? index &+ shape.sizes[axis] : index
    guard place >= 0, place < shape.sizes[axis] else { throw TensorProblems.place(index, axis, shape) }
    return place
  }

  /// Elements of an axis, in the order of `places`.
  ///
  /// - Throws: `RuntimeProblem` K702 (axis), K708 for a place outside.
  public func take(_ x: Tensor, _ places: [Int], axis: Int) throws -> Tensor {
    let axis = try x.shape.axis(axis)
    let places = try places.map { try Self.place($0, axis, x.shape) }
    let x = try floats(x)
    let (outer, size, inner) = x.shape.around(axis)
    var sizes = x.sizes
    sizes[axis] = places.count
    let shape = try TensorShape(sizes)
    let out = try memory(shape)
    shareRows(outer, width: places.count * inner) { part in
      for row in part {
        for (index, place) in places.enumerated() {
          (out.base + (row * places.count + index) * inner)
            .update(from: x.base + (row * size + place) * inner, count: inner)
        }
      }
    }
    return Tensor(shape, out, x.element)
  }

  /// out[.., i, ..] = x[.., places[.., i, ..], ..] along an axis: places have the shape of x but for that axis.
  ///
  /// - Throws: `RuntimeProblem` K701 (shapes), K702 (axis), K708 for a place outside.
  public func gather(_ x: Tensor, _ places: Tensor, axis: Int) throws -> Tensor {
    let axis = try x.shape.axis(axis)
    var expected = x.sizes
    if places.shape.dimensions == expected.count { expected[axis] = places.sizes[axis] }
    guard places.sizes == expected else {
      throw TensorProblems.shapes(
        "gather", x.shape, places.shape, expected: "the same sizes but along axis \(axis), or one axis of places")
    }
    for index in 0..<places.count {
      guard let place = Int(exactly: places[index]) else {
        throw RuntimeProblem("K705", seen: "`gather` at place \(places[index])", expected: "whole numbers")
      }
      _ = try Self.place(place, axis, x.shape)
    }
    let (outer, size, inner) = x.shape.around(axis)
    let wanted = places.sizes[axis]
    let (x, places) = (try floats(x), try floats(places))
    let out = try memory(places.shape)
    let (numbers, wantedPlaces) = (x.base, places.base)
    for row in 0..<outer {
      for index in 0..<wanted {
        for column in 0..<inner {
          let target = (row * wanted + index) * inner + column
          let place = Int(wantedPlaces[target])
          out.base[target] = numbers[(row * size + (place < 0 ? place + size : place)) * inner + column]
        }
      }
    }
    return Tensor(places.shape, out, x.element)
  }

  /// Tensors one behind the other along an axis.
  ///
  /// - Throws: `RuntimeProblem` K701 if other sizes differ, K702 (axis), K705 for no tensors.
  public func concatenate(_ tensors: [Tensor], axis: Int) throws -> Tensor {
    guard let first = tensors.first else {
      throw RuntimeProblem("K705", seen: "`concat` of nothing", expected: "tensors")
    }
    let axis = try first.shape.axis(axis)
    for other in tensors {
      let isFit =
        other.shape.dimensions == first.shape.dimensions
        && other.sizes.indices.allSatisfy { $0 == axis || other.sizes[$0] == first.sizes[$0] }
      guard isFit else {
        throw TensorProblems.shapes(
          "concat", first.shape, other.shape, expected: "the same sizes but along axis \(axis)")
      }
    }
    var sizes = first.sizes
    sizes[axis] = tensors.reduce(0) { $0 + $1.sizes[axis] }
    let shape = try TensorShape(sizes)
    let out = try memory(shape)
    let (outer, size, inner) = shape.around(axis)
    var before = 0
    for tensor in tensors {
      let tensor = try floats(tensor)
      let width = tensor.sizes[axis] * inner
      for row in 0..<outer {
        (out.base + (row * size + before) * inner).update(from: tensor.base + row * width, count: width)
      }
      before += tensor.sizes[axis]
    }
    let elements = Set(tensors.map(\.element))
    return Tensor(shape, out, elements.count == 1 ? first.element : .float32)
  }

  /// The numbers where a mask of the same shape is not 0, in one row.
  ///
  /// - Throws: `RuntimeProblem` K701 if the shapes differ.
  public func choose(_ x: Tensor, _ mask: Tensor) throws -> Tensor {
    guard mask.shape == x.shape else {
      throw TensorProblems.shapes("x[mask]", x.shape, mask.shape, expected: "a mask of the tensor's shape")
    }
    let (truths, x) = (try truths(of: mask), try floats(x))
    let shape = TensorShape(known: [kernels.tensors.countTruths(truths.base, x.count)])
    let out = try memory(shape)
    x.withNumbers { numbers in
      var chosen = 0
      for place in numbers.indices where truths.base[place] != 0 {
        out.base[chosen] = numbers[place]
        chosen += 1
      }
    }
    return Tensor(shape, out, x.element)
  }
}
