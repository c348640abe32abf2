"""The settings of a shop in live mode, every one that it needs."""

LIVE = {
    "PAYPLE_MODE": "live",
    "SHOP_URL": "https://shop.example.kr",
    "SECRET_KEY": "a-long-random-text-that-nobody-can-guess",
    "PAYPLE_CST_ID": "ourshop",
    "PAYPLE_CUST_KEY": "our-customer-key",
    "PAYPLE_REFUND_KEY": "our-refund-key",
    "PAYPLE_CLIENT_KEY": "our-client-key",
    "SHOP_NAME": "우리책방",
    "SHOP_REPRESENTATIVE": "박우리",
    "SHOP_BUSINESS_NUMBER": "123-45-67890",
    "SHOP_MAIL_ORDER_NUMBER": "제2026-서울마포-01234호",
    "SHOP_ADDRESS": "서울특별시 마포구 우리로 2",
    "SHOP_PHONE": "02-123-4567",
    "SHOP_EMAIL": "help@shop.example.kr",
}
