"""Invented 22-item blood counts for the benchmarks: every one another patient, time and values."""

from __future__ import annotations

ITEMS = (
    ("6690-2", "Leukocytes [#/volume] in Blood by Automated count", "WBC", "白细胞计数", "10*9/L", r"10\S\9/L", "3.5-9.5", 600, 100),
    ("789-8", "Erythrocytes [#/volume] in Blood by Automated count", "RBC", "红细胞计数", "10*12/L", r"10\S\12/L", "4.3-5.8", 480, 100),
    ("718-7", "Hemoglobin [Mass/volume] in Blood", "HGB", "血红蛋白", "g/L", "g/L", "130-175", 146, 1),
    ("4544-3", "Hematocrit [Volume Fraction] of Blood by Automated count", "HCT", "红细胞压积", "%", "%", "40-50", 440, 10),
    ("787-2", "MCV [Entitic volume] by Automated count", "MCV", "平均红细胞体积", "fL", "fL", "82-100", 902, 10),
    ("785-6", "MCH [Entitic mass] by Automated count", "MCH", "平均红细胞血红蛋白量", "pg", "pg", "27-34", 300, 10),
    ("786-4", "MCHC [Mass/volume] by Automated count", "MCHC", "平均红细胞血红蛋白浓度", "g/L", "g/L", "316-354", 332, 1),
    ("777-3", "Platelets [#/volume] in Blood by Automated count", "PLT", "血小板计数", "10*9/L", r"10\S\9/L", "125-350", 231, 1),
    ("788-0", "Erythrocyte distribution width [Ratio]", "RDW", "红细胞分布宽度", "%", "%", "11.5-14.5", 128, 10),
    ("32623-1", "Platelet mean volume [Entitic volume] in Blood", "MPV", "平均血小板体积", "fL", "fL", "7-13", 101, 10),
    ("32207-3", "Platelet distribution width [Entitic volume]", "PDW", "血小板分布宽度", "fL", "fL", "9-17", 119, 10),
    ("770-8", "Neutrophils/100 leukocytes in Blood", "NEUT%", "中性粒细胞百分比", "%", "%", "40-75", 612, 10),
    ("736-9", "Lymphocytes/100 leukocytes in Blood", "LYMPH%", "淋巴细胞百分比", "%", "%", "20-50", 301, 10),
    ("5905-5", "Monocytes/100 leukocytes in Blood", "MONO%", "单核细胞百分比", "%", "%", "3-10", 61, 10),
    ("713-8", "Eosinophils/100 leukocytes in Blood", "EO%", "嗜酸性粒细胞百分比", "%", "%", "0.4-8", 19, 10),
    ("706-2", "Basophils/100 leukocytes in Blood", "BASO%", "嗜碱性粒细胞百分比", "%", "%", "0-1", 4, 10),
    ("751-8", "Neutrophils [#/volume] in Blood", "NEUT#", "中性粒细胞绝对值", "10*9/L", r"10\S\9/L", "1.8-6.3", 520, 100),
    ("731-0", "Lymphocytes [#/volume] in Blood", "LYMPH#", "淋巴细胞绝对值", "10*9/L", r"10\S\9/L", "1.1-3.2", 189, 100),
    ("742-7", "Monocytes [#/volume] in Blood", "MONO#", "单核细胞绝对值", "10*9/L", r"10\S\9/L", "0.1-0.6", 38, 100),
    ("711-2", "Eosinophils [#/volume] in Blood", "EO#", "嗜酸性粒细胞绝对值", "10*9/L", r"10\S\9/L", "0.02-0.52", 12, 100),
    ("704-7", "Basophils [#/volume] in Blood", "BASO#", "嗜碱性粒细胞绝对值", "10*9/L", r"10\S\9/L", "0-0.06", 3, 100),
    ("51637-7", "Plateletcrit [Volume Fraction] in Blood", "PCT", "血小板压积", "%", "%", "0.11-0.28", 23, 100),
)  # fmt: skip


def cbc(number: int) -> bytes:
    """One ORU^R01 of 29 segments with 22 OBX, UTF-8; ``number`` makes patient, times and values differ."""
    day = 1 + number % 28
    minute, second = number // 60 % 60, number % 60
    at = f"202608{day:02}09{minute:02}{second:02}"
    lines = [
        f"MSH|^~\\&|LIS|H001^示例医院^L|HIP|REGION|{at}+0800||ORU^R01^ORU_R01|B{number:08}|P|2.5.1|||AL|NE|CHN|UNICODE UTF-8",
        f"PID|1||{number:010}^^^H001^MR||测^试{number % 97}^^^^^L^I||19{50 + number % 50}0307|{'MF'[number % 2]}|||示例路{number % 500}号^^示例市^示例省^100000^CHN^H||^PRN^CP^^86^^1380000{number % 10000:04}",
        f"PV1|1|O|门诊检验^^^H001||||D0001^李^四^^^^^^H001^L^^^EI||||||||||||V{number:09}^^^H001^VN",
        f"ORC|RE|P{number:08}^HIS|F{number:08}^LIS||CM||||{at}|||D0001^李^四^^^^^^H001^L^^^EI",
        f"OBR|1|P{number:08}^HIS|F{number:08}^LIS|58410-2^CBC panel - Blood by Automated count^LN^CBC^血常规(五分类)^L|||{at}|||||||{at}||D0001^李^四^^^^^^H001^L^^^EI||||||{at}||HM|F||||||||T0002&王&五&&&&&&H001",
        r"NTE|1|L|标本轻度溶血，结果仅供参考 \T\ 请结合临床",
    ]
    for index, (loinc, name, short, zh, ucum, unit, limits, base, scale) in enumerate(ITEMS, start=1):
        raw = base + (number * 7 + index * 3) % 41
        digits = {1: 0, 10: 1, 100: 2}[scale]
        value = f"{raw / scale:.{digits}f}"
        flag = "N" if raw % 5 else "H"
        lines.append(
            f"OBX|{index}|NM|{loinc}^{name}^LN^{short}^{zh}^L||{value}|{ucum}^{unit}^UCUM|{limits}|{flag}|||F|||{at}"
            "|H001^检验科^L|T0002^王^五^^^^^^H001|AUTO^仪器法^L|XN9000^Sysmex^1.2.3^L|"
            + at
            + "||||示例医院检验科^L^^^^"
            "H001&2.16.156.10011&ISO^XX^^^JYK|和平路1号^^示例市^示例省^100000^CHN"
        )
    lines.append(f"SPM|1|S{number:08}&LIS^S{number:08}&LIS||BLD^全血^L|||||||||||||{at}|{at}")
    return ("\r".join(lines) + "\r").encode()
