"""The regions of Alibaba Cloud.

Source: https://help.aliyun.com/zh/ecs/product-overview/regions-and-zones. New ones come.
"""

KNOWN = frozenset(
    {
        "cn-qingdao", "cn-beijing", "cn-zhangjiakou", "cn-huhehaote", "cn-wulanchabu",
        "cn-hangzhou", "cn-shanghai", "cn-nanjing", "cn-fuzhou", "cn-shenzhen", "cn-heyuan",
        "cn-guangzhou", "cn-chengdu", "cn-wuhan-lr", "cn-zhengzhou-jva", "cn-hongkong",
        "cn-hangzhou-finance", "cn-shanghai-finance-1", "cn-shenzhen-finance-1",
        "cn-beijing-finance-1", "cn-north-2-gov-1", "cn-heyuan-acdr-1",
        "ap-northeast-1", "ap-northeast-2", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3",
        "ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "ap-south-1",
        "us-east-1", "us-west-1", "na-south-1", "eu-central-1", "eu-west-1", "me-east-1",
        "me-central-1",
    }
)  # fmt: skip
