Extension: ResultScale
Id: result-scale
Title: "Scale of the result 定量/定性"
Description: "Whether the result is quantitative (定量) or qualitative (定性). Some lists require it: 四川省临床检验结果互认项目清单（第一批）第16项 乙肝病毒表面抗原: 需标明方法学、定量或定性."
Context: Observation
* . ^short = "quantitative 定量 | qualitative 定性"
* value[x] 1..1
* value[x] only code
* valueCode from ResultScaleVS (required)
