import Foundation

/// A file of comma-separated values whose cells hold no commas and no quotes, as profilers write them.
public struct CSVColumns: Sendable {
  /// The file's name, for messages.
  public let name: String
  public let header: [String]
  /// [rows][columns]
  public let rows: [[Substring]]

  /// - Throws: K201 for a file that cannot be opened, K632 for one that is not such a file.
  public init(path: String) throws {
    let file = try MappedFile(path: path)
    guard let text = String(validating: file.bytes, as: UTF8.self) else {
      throw RouteProblems.damaged("\(file.name) is not UTF-8 text", "comma-separated values")
    }
    try self.init(text, name: file.name)
  }

  public init(_ text: String, name: String) throws {
    self.name = name
    var lines = text.split(whereSeparator: \.isNewline).map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
    }
    guard let first = lines.first else { throw RouteProblems.damaged("\(name) is empty", "a header and rows") }
    header = first.map(String.init)
    lines.removeFirst()
    for (place, line) in lines.enumerated() where line.count != header.count {
      throw RouteProblems.damaged(
        "\(name): row \(place + 1) has \(line.count) cells", "\(header.count), as the header has")
    }
    rows = lines
  }

  /// The cells of a column.
  ///
  /// - Throws: K632 if there is no such column.
  public func texts(_ column: String) throws -> [String] {
    guard let place = header.firstIndex(of: column) else {
      throw RouteProblems.damaged(
        "\(name) has no column `\(column)`", "the columns it has are \(header.joined(separator: ", "))")
    }
    return rows.map { String($0[place]) }
  }

  /// The numbers of a column; an empty cell is nil.
  ///
  /// - Throws: K632 for a column that is not there, or a cell that is no finite number from 0 on.
  public func numbers(_ column: String) throws -> [Double?] {
    try texts(column).enumerated().map { row, text in
      if text.isEmpty { return nil }
      guard let number = Double(text), number.isFinite, number >= 0 else {
        throw RouteProblems.damaged("\(name): row \(row + 1) has \(column) `\(text)`", "a number from 0 on")
      }
      return number
    }
  }

  /// The whole numbers of a column, none missing.
  ///
  /// - Throws: K632 for a column that is not there, or a cell that is not a whole number from 0 to a billion.
  public func counts(_ column: String) throws -> [Int] {
    try texts(column).enumerated().map { row, text in
      guard let number = Int(text), (0...1_000_000_000).contains(number) else {
        throw RouteProblems.damaged("\(name): row \(row + 1) has \(column) `\(text)`", "a whole number")
      }
      return number
    }
  }
}
