/// All builtin functions.
public enum Builtins {
  public static let all: [Builtin] = numbers + statistics + lists + texts

  static let table: [String: Builtin] = Dictionary(all.map { ($0.name, $0) }) { first, _ in first }
}
