#!/usr/bin/env python3
"""Made-up Chinese people, some of them twice in other writings, for measuring `amity match` (docs/resolution.md).

    bench/made_up_people.py SEED people.csv     name, telephone, day of birth, address
    bench/made_up_people.py SEED names.csv --names-only

3,000 persons of 62 family names and 78 characters of given names; half of them have a second row: the name in pinyin
(either order, hyphens, commas, initials, a letter missing) or again in characters, the other columns in another form,
blank, or with a slip. `entity` tells who is the same. The readings are written here and not taken from the program.
"""
import csv
import random
import sys

FAMILIES = """王wang 李li 张zhang 刘liu 陈chen 杨yang 黄huang 赵zhao 吴wu 周zhou 徐xu 孙sun 马ma 朱zhu 胡hu 郭guo 何he 林lin
高gao 罗luo 郑zheng 梁liang 谢xie 宋song 唐tang 许xu 韩han 冯feng 邓deng 曹cao 彭peng 曾zeng 肖xiao 田tian 董dong 潘pan
袁yuan 蔡cai 蒋jiang 余yu 于yu 杜du 叶ye 程cheng 魏wei 苏su 吕lv 丁ding 任ren 卢lu 姚yao 沈shen 钟zhong 姜jiang 崔cui
谭tan 陆lu 范fan 汪wang 廖liao 欧阳ouyang 单shan 仇qiu""".split()
GIVEN = """伟wei 芳fang 娜na 秀xiu 敏min 静jing 丽li 强qiang 磊lei 军jun 洋yang 勇yong 艳yan 杰jie 娟juan 涛tao 明ming 超chao
霞xia 平ping 刚gang 桂gui 文wen 辉hui 力li 梅mei 晓xiao 建jian 国guo 华hua 红hong 玲ling 海hai 鹏peng 飞fei 宇yu 浩hao
然ran 子zi 轩xuan 梓zi 涵han 雨yu 欣xin 怡yi 佳jia 琪qi 嘉jia 俊jun 思si 远yuan 志zhi 春chun 雪xue 云yun 龙long 凤feng
英ying 兰lan 玉yu 珍zhen 琴qin 素su 莲lian 真zhen 环huan 荣rong 爱ai 妹mei 香xiang 月yue 莺ying 媛yuan 瑞rui 凡fan""".split()
CITIES = [("北京市", "朝阳区", "Beijing", "Chaoyang"), ("上海市", "浦东新区", "Shanghai", "Pudongxin"),
          ("广州市", "天河区", "Guangzhou", "Tianhe"), ("深圳市", "南山区", "Shenzhen", "Nanshan"),
          ("杭州市", "西湖区", "Hangzhou", "Xihu"), ("成都市", "武侯区", "Chengdu", "Wuhou")]
ROADS = [("建国路", "Jianguo Road"), ("中山路", "Zhongshan Road"), ("人民路", "Renmin Road"), ("解放路", "Jiefang Road"),
         ("文化路", "Wenhua Road"), ("学院路", "Xueyuan Road"), ("和平街", "Heping Street"), ("长江路", "Changjiang Road")]


def divided(entry):
    letters = "".join(c for c in entry if c.isascii())
    return entry[: len(entry) - len(letters)], letters


def in_pinyin(chance, family, given):
    together = "".join(given)
    cap = str.capitalize
    forms = [f"{cap(family)} {cap(together)}", f"{cap(together)} {cap(family)}", f"{family.upper()}, {cap(together)}",
             f"{cap(family)} {' '.join(map(cap, given))}", f"{cap('-'.join(given))} {cap(family)}",
             cap(family) + cap(together), f"{cap(family)} {'.'.join(g[0].upper() for g in given)}."]
    at = chance.randrange(1, len(together))
    slip = together[:at] + together[at + 1:] if len(together) > 3 else together
    forms.append(f"{cap(family)} {cap(slip)}")
    return chance.choices(forms, weights=[20, 20, 10, 10, 10, 10, 10, 10])[0]


def person(chance):
    families = [divided(f) for f in FAMILIES]
    family = chance.choices(families, weights=[1 / (rank + 3) for rank in range(len(families))])[0]
    given = [divided(chance.choice(GIVEN)) for _ in range(chance.choice([1, 2, 2, 2]))]
    phone = "1" + chance.choice("35789") + "".join(chance.choice("0123456789") for _ in range(9))
    day = (chance.randint(1950, 2004), chance.randint(1, 12), chance.randint(1, 28))
    return family, given, phone, day, chance.choice(CITIES), chance.choice(ROADS), chance.randint(1, 300)


def first_row(who):
    family, given, phone, (year, month, day), city, road, number = who
    name = family[0] + "".join(character for character, _ in given)
    return [name, phone, f"{year}-{month:02}-{day:02}", f"{city[0]}{city[1]}{road[0]}{number}号"]


def second_row(chance, who):
    family, given, phone, (year, month, day), city, road, number = who
    pinyin = in_pinyin(chance, family[1], [reading for _, reading in given])
    slip = phone[:5] + chance.choice("0123456789") + phone[6:]
    return [
        chance.choice([pinyin, pinyin, first_row(who)[0]]),
        chance.choice([f"+86 {phone[:3]} {phone[3:7]} {phone[7:]}", "0086" + phone, phone, "", slip]),
        chance.choice([f"{day:02}/{month:02}/{year}", f"{year}年{month}月{day}日", f"{year}{month:02}{day:02}", "",
                       f"{month:02}/{day:02}/{year}"]),
        chance.choice([f"{number} {road[1]}, {city[3]} District, {city[2]}", f"No. {number} {road[1]}, {city[2]}",
                       f"{city[1]}{road[0]}{number}号", ""]),
    ]


def main():
    chance = random.Random(int(sys.argv[1]))
    rows = []
    for entity in range(3000):
        who = person(chance)
        rows.append([entity] + first_row(who))
        if chance.random() < 0.5:
            rows.append([entity] + second_row(chance, who))
    chance.shuffle(rows)
    columns = 2 if "--names-only" in sys.argv else 5
    with open(sys.argv[2], "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["entity", "姓名", "手机", "出生日期", "地址"][:columns])
        out.writerows(row[:columns] for row in rows)


if __name__ == "__main__":
    main()
