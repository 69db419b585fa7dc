/// Texts with a mistake and what is said about them, word for word.
let nameProblemCases: [ProblemCase] = [
  ProblemCase(
    #"""
    policy p { score = 1 }
    """#,
    #"""
    t.kvs:1:8: error K070: this host has no policies
      1 | policy p { score = 1 }
        |        ^
    """#),
  ProblemCase(
    #"""
    rnu sharegpt n=10
    """#,
    #"""
    t.kvs:1:1: error K011: unknown command `rnu`
      1 | rnu sharegpt n=10
        | ^^^
      hint: did you mean `run`?
    """#),
  ProblemCase(
    #"""
    mean xs
    """#,
    #"""
    t.kvs:1:1: error K011: `mean` is a function, not a command
      1 | mean xs
        | ^^^^
      hint: write `mean(...)`
    """#),
  ProblemCase(
    #"""
    let total = 1
    totl + 1
    """#,
    #"""
    t.kvs:2:1: error K012: unknown name `totl`
      2 | totl + 1
        | ^^^^
      hint: did you mean `total`?
    """#),
  ProblemCase(
    #"""
    let y = run + 1
    """#,
    #"""
    t.kvs:1:9: error K012: `run` is a command, not a value
      1 | let y = run + 1
        |         ^^^
      hint: put the command into parentheses: `(run ...)`
    """#),
  ProblemCase(
    #"""
    compress kivy bits=2
    """#,
    #"""
    t.kvs:1:10: error K013: unknown method `kivy`
      1 | compress kivy bits=2
        |          ^^^^
      hint: did you mean `kivi`?
    """#),
  ProblemCase(
    #"""
    let m = "kivi"
    compress m
    """#,
    #"""
    t.kvs:2:10: error K013: unknown method `m`
      2 | compress m
        |          ^
      hint: write `(m)` to use the variable
    """#),
  ProblemCase(
    #"""
    compress kivi bit=2
    """#,
    #"""
    t.kvs:1:15: error K014: `compress kivi` has no parameter `bit`
      1 | compress kivi bit=2
        |               ^^^
      expected: one of `method`, `bits`, `group`, `residual`
      hint: did you mean `bits`?
    """#),
  ProblemCase(
    #"""
    [{D: 1}] | table | where E > 1
    """#,
    #"""
    t.kvs:1:26: error K015: the table has no column `E`
      1 | [{D: 1}] | table | where E > 1
        |                          ^
      expected: one of `D`
    """#),
  ProblemCase(
    #"""
    {bits: 2}.bit
    """#,
    #"""
    t.kvs:1:11: error K016: this record has no field `bit`
      1 | {bits: 2}.bit
        |           ^^^
      expected: one of `bits`
      hint: did you mean `bits`?
    """#),
  ProblemCase(
    #"""
    totl = 3
    """#,
    #"""
    t.kvs:1:1: error K017: there is no variable `totl` to change
      1 | totl = 3
        | ^^^^
      hint: make it with `let totl = ...`
    """#),
  ProblemCase(
    #"""
    let n = 0
    def f() { n = n + 1 }
    """#,
    #"""
    t.kvs:2:11: error K018: a function cannot change `n`, which belongs to the text around it
      2 | def f() { n = n + 1 }
        |           ^
      hint: return the new value and assign it outside
    """#),
  ProblemCase(
    #"""
    compress kivi bits=2 bits=4
    """#,
    #"""
    t.kvs:1:22: error K019: parameter `bits` is given twice
      1 | compress kivi bits=2 bits=4
        |               ---- first here
        |                      ^^^^ again here
      expected: one value
    """#),
  ProblemCase(
    #"""
    {a: 1, a: 2}
    """#,
    #"""
    t.kvs:1:8: error K019: the name `a` is given twice
      1 | {a: 1, a: 2}
        |  - first here
        |        ^ again here
      expected: one value
    """#),
  ProblemCase(
    #"""
    run sharegpt | plot lengthdif
    """#,
    #"""
    t.kvs:1:21: error K013: unknown plot `lengthdif`
      1 | run sharegpt | plot lengthdif
        |                     ^^^^^^^^^
      hint: did you mean `lengthdiff`?
    """#),
  ProblemCase(
    #"""
    let 变量 = 1
    变量 + 错误
    """#,
    #"""
    t.kvs:2:6: error K012: unknown name `错误`
      2 | 变量 + 错误
        |        ^^^^
    """#),
  ProblemCase(
    #"""
    gsm8k(n=2)
    """#,
    #"""
    t.kvs:1:1: error K012: unknown name `gsm8k`
      1 | gsm8k(n=2)
        | ^^^^^
    """#),
  ProblemCase(
    #"""
    let k = 5
    def f(a, a) { a }
    """#,
    #"""
    t.kvs:2:10: error K019: parameter `a` is given twice
      2 | def f(a, a) { a }
        |       - first here
        |          ^ again here
      expected: one value
    """#),
  ProblemCase(
    #"""
    let x = None
    """#,
    #"""
    t.kvs:1:9: error K012: unknown name `None`
      1 | let x = None
        |         ^^^^
      hint: nothing is written `nil`
    """#),
  ProblemCase(
    #"""
    var x = 3
    """#,
    #"""
    t.kvs:1:1: error K011: unknown command `var`
      1 | var x = 3
        | ^^^
      hint: `let x = ...` makes a variable
    """#),
  ProblemCase(
    #"""
    let ok = True
    """#,
    #"""
    t.kvs:1:10: error K012: unknown name `True`
      1 | let ok = True
        |          ^^^^
      hint: did you mean `true`?
    """#),
  ProblemCase(
    #"""
    run sharegpt | where d < 0
    """#,
    #"""
    t.kvs:1:22: error K015: the table has no column `d`
      1 | run sharegpt | where d < 0
        |                      ^
      expected: one of `config`, `sample`, `D`
      hint: did you mean `D`?
    """#),
  ProblemCase(
    #"""
    let rows = run sharegpt
    rows | summarize mean(D) by=method
    """#,
    #"""
    t.kvs:2:29: error K015: the table has no column `method`
      2 | rows | summarize mean(D) by=method
        |                             ^^^^^^
      expected: one of `config`, `sample`, `D`
    """#),
  ProblemCase(
    #"""
    (run sharegpt).delta
    """#,
    #"""
    t.kvs:1:16: error K015: the table has no column `delta`
      1 | (run sharegpt).delta
        |                ^^^^^
      expected: one of `config`, `sample`, `D`
    """#),
]
