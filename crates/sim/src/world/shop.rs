//! The shop: a catalogue for everybody, carts and orders for customers, back office, partners who sell.

pub(super) const TABLES: &str = "
host api.shop.example
login jwt cookie key

kind user users int private 1 id email:email first_name:word3-10 last_name:word3-12 phone:phone created_at:date tier:word4-8
kind org merchants int org 1 id name:text10-30 iban:iban country:upper2 rating:money
kind product products int public 3000 id sku:upper6-10 title:text14-50 price:money currency:upper3 stock:int1-3 category:word5-12 merchant_id:@org
kind order orders int private 9 id user_id:@user status:word4-9 total:money currency:upper3 created_at:date lines[1-4]{product_id:@product quantity:int1 price:money}
kind address addresses int private 2 id user_id:@user street:text8-24 city:word4-12 zip:int5 country:upper2 phone:phone
kind card cards int private 1.4 id user_id:@user brand:word4-6 last4:int4 expires:date
kind invoice invoices composite private 7 id order_id:@order total:money iban:iban issued_at:date email:email
kind review reviews int public 9000 id product_id:@product stars:int1 text:text20-160 created_at:date
kind wishlist wishlists uuid shared 1.3 id user_id:@user title:text8-24 items[1-6]{product_id:@product added_at:date}
kind ticket tickets int private 0.7 id user_id:@user subject:text10-40 state:word4-7 updated_at:date
kind shipment shipments composite private 6 id order_id:@order carrier:word3-6 state:word5-9 street:text8-24 city:word4-12
kind return returns int private 0.8 id order_id:@order reason:word4-12 state:word4-7
kind coupon coupons int private 1.2 id code:upper8-10 value:money expires_at:date
kind device devices uuid private 1.5 id user_id:@user model:word4-10 seen_at:date
kind listing listings int org 160 id product_id:@product price:money stock:int1-4 updated_at:date
kind payout payouts composite org 30 id amount:money iban:iban paid_at:date
kind report reports uuid org 4 id title:text8-24 rows:int2-5 created_at:date
kind message messages int private 5 id user_id:@user title:text10-40 read:bool sent_at:date

route auth.login POST /api/v1/auth/login a login 85 email:name password:password
route auth.renew POST /api/v1/auth/refresh a renew 22 refresh_token:refresh
route auth.logout POST /api/v1/auth/logout c note 8
route auth.signup POST /api/v1/auth/register a signup 120 email:name password:password first_name:word3-10 last_name:word3-12 newsletter:bool
route auth.forgot POST /api/v1/auth/password/forgot a note 60 email:name
route auth.reset POST /api/v1/auth/password/reset a reset 70 code:int6 email:name password:password
route home.read GET /api/v1/home a note 14
route config.read GET /api/v1/config?platform:word3-7 a note 3
route products.list GET /api/v1/products?category:word5-12&page:int1&sort:word5-9?40 a list:product:24 38
route products.search GET /api/v1/search?q:text8-24&page:int1?30 a list:product:20 75
route products.read GET /api/v1/products/{product} a read:product 12
route products.reviews GET /api/v1/products/{product}/reviews a list:review:10 18
route products.related GET /api/v1/products/{product}/related a list:product:8 24
route products.stock GET /api/v1/products/{product}/stock ap read:product 6
route categories.list GET /api/v1/categories a note 6
route reviews.new POST /api/v1/products/{product}/reviews c new:review 40 stars:int1 text:text20-160 title:text8-30
route me.read GET /api/v1/me c read:user 9
route me.edit PATCH /api/v1/me c edit:user 30 first_name:word3-10?60 last_name:word3-12?60 phone:phone?50 newsletter:bool
route me.email PUT /api/v1/me/email c edit:user 40 email:email password:password
route me.password PUT /api/v1/me/password c note 80 password:password new_password:password
route users.read GET /api/v1/users/{user} cs read:user 11
route users.orders GET /api/v1/users/{user}/orders cs list:order:12 28
route cart.read GET /api/v1/cart c note 11
route cart.add POST /api/v1/cart/items c note 22 product_id:@product quantity:int1
route cart.edit PATCH /api/v1/cart/items/{product} c do:product 20 quantity:int1
route cart.drop DELETE /api/v1/cart/items/{product} c do:product 17
route coupon.apply POST /api/v1/cart/coupon c note 25 code:upper8-10
route checkout.start POST /api/v1/checkout c note 60 address_id:@address shipping:word4-8
route checkout.pay POST /api/v1/checkout/pay c new:order 210 card_id:@card amount:money currency:upper3
route orders.list GET /api/v1/orders?page:int1&status:word4-9?25 c list:order:10 26
route orders.read GET /api/v1/orders/{order} cs read:order 13
route orders.cancel POST /api/v1/orders/{order}/cancel c do:order 55 reason:word5-12
route orders.invoice GET /api/v1/orders/{order}/invoice cs list:invoice:1 30
route orders.shipments GET /api/v1/orders/{order}/shipments cs list:shipment:1 19
route invoices.list GET /api/v1/invoices?year:int4 c list:invoice:10 30
route invoices.read GET /api/v1/invoices/{invoice} cs read:invoice 34
route shipments.read GET /api/v1/shipments/{shipment} cs read:shipment 16
route returns.new POST /api/v1/returns c new:return 45 order_id:@order reason:word4-12 comment:text10-90?50
route returns.read GET /api/v1/returns/{return} cs read:return 12
route addresses.list GET /api/v1/addresses c list:address:5 9
route addresses.read GET /api/v1/addresses/{address} c read:address 7
route addresses.new POST /api/v1/addresses c new:address 21 street:text8-24 city:word4-12 zip:int5 country:upper2 phone:phone?60
route addresses.edit PUT /api/v1/addresses/{address} c edit:address 20 street:text8-24 city:word4-12 zip:int5 country:upper2
route addresses.drop DELETE /api/v1/addresses/{address} c drop:address 12
route cards.list GET /api/v1/cards c list:card:4 13
route cards.new POST /api/v1/cards c new:card 190 number:card expires:int4 cvc:int3 holder:text8-24
route cards.drop DELETE /api/v1/cards/{card} c drop:card 30
route wishlists.list GET /api/v1/wishlists c list:wishlist:5 12
route wishlists.read GET /api/v1/wishlists/{wishlist} c read:wishlist 14
route wishlists.edit PATCH /api/v1/wishlists/{wishlist} c edit:wishlist 19 title:text8-24?50 items[1-3]{op:word3-7 product_id:@product}
route tickets.list GET /api/v1/tickets c list:ticket:10 15
route tickets.read GET /api/v1/tickets/{ticket} cs read:ticket 15
route tickets.new POST /api/v1/tickets c new:ticket 40 subject:text10-40 text:text30-400 order_id:@order
route messages.list GET /api/v1/messages?since:date?50 c list:message:15 10
route messages.read GET /api/v1/messages/{message} c read:message 6
route coupons.list GET /api/v1/coupons c list:coupon:6 9
route devices.new PUT /api/v1/devices/{device} c edit:device 11 token_hash:word24-32 platform:word3-7
route telemetry.push POST /api/v1/telemetry a note 3 batch[1-9]{name:word4-12 at:date value:int1-5}
route locker.poll GET /api/v1/lockers/state p note 5
route admin.users GET /api/v1/admin/users?q:text8-20?70&page:int1 s list:user:20 60
route admin.orders GET /api/v1/admin/orders?q:text8-20?50&page:int1 s list:order:25 70
route admin.ticket POST /api/v1/admin/tickets/{ticket}/reply s do:ticket 35 text:text20-300
route admin.refund POST /api/v1/admin/orders/{order}/refund s do:order 90 amount:money reason:word5-12
route admin.roles PUT /api/v1/admin/users/{user}/roles A do:user 30 role:word4-8
route admin.export GET /api/v1/admin/export/users?page:int1-2 A list:user:200 400
route admin.flags PUT /api/v1/admin/flags A note 20 name:word5-14 on:bool
route admin.audit GET /api/v1/admin/audit?page:int1 A note 50
route partner.listings GET /api/v1/partner/listings?page:int1-2 p list:listing:50 45
route partner.listing GET /api/v1/partner/listings/{listing} p read:listing 9
route partner.price PUT /api/v1/partner/listings/{listing} p edit:listing 18 price:money stock:int1-4
route partner.bulk PATCH /api/v1/partner/listings p note 120 changes[5-60]{listing_id:@listing price:money stock:int1-3}
route partner.orders GET /api/v1/partner/orders?since:date&page:int1 p list:order:40 60
route partner.order GET /api/v1/partner/orders/{order} p read:order 14
route partner.payouts GET /api/v1/partner/payouts?month:int6 p list:payout:20 40
route partner.report POST /api/v1/partner/reports p new:report 900 from:date to:date format:word3-4
route partner.fetch GET /api/v1/partner/reports/{report} p read:report 150
route health.read GET /healthz a note 1
route v2.orders GET /api/v2/orders?cursor:word16-20?60&limit:int2 c list:order:10 24@1
route v2.order GET /api/v2/orders/{order} c read:order 12@1
route v2.home GET /api/v2/home?variant:word3-6 a note 15@1
route v2.points GET /api/v2/points c note 9@1
route old.offers GET /api/v1/offers a list:product:12 20-1

flow customer 30 home.read &config.read?20 products.list*1-3 products.read*1-6 products.reviews*1-2?35 &products.related?25
flow customer 14 products.search*1-4 products.read*1-5 cart.add?35
flow customer 12 orders.list orders.read*1-3 shipments.read?40 orders.invoice?15
flow customer 8 cart.read cart.add*1-2?60 coupon.apply?15 checkout.start addresses.list cards.list checkout.pay orders.read
flow customer 4 me.read &messages.list?70 messages.read*1-4?60
flow customer 3 addresses.list addresses.read*1-2?50 addresses.new?25 addresses.edit?20
flow customer 3 wishlists.list wishlists.read*1-2 wishlists.edit?45 products.read*1-3
flow customer 2 tickets.list tickets.read?60 tickets.new?25
flow customer 1.5 invoices.list invoices.read*1-4
flow customer 1 coupons.list me.edit?30 cards.list cards.new?25 cards.drop?10
flow customer 0.6 returns.new returns.read*1-3
flow customer 0.8 users.read users.orders?30 me.email?6 me.password?5
flow customer 1 old.offers products.read*1-3
flow customer2 20 v2.home &v2.points products.list*1-2 products.read*1-5
flow customer2 12 v2.orders v2.order*1-3 shipments.read?40
flow web 20 home.read &categories.list &config.read &cart.read products.list*1-4 products.read*1-6 &products.reviews?60 &products.related?60
flow web 10 me.read &orders.list &messages.list orders.read*1-4 &orders.shipments?40
flow web 6 cart.read cart.add*1-3 cart.edit?30 cart.drop?20 checkout.start &addresses.list &cards.list checkout.pay orders.read
flow web 3 reviews.new?30 products.read wishlists.list wishlists.read
flow background 10 messages.list &devices.new?20
flow background 6 telemetry.push*1-2
flow support 10 admin.users users.read users.orders?70 orders.read*1-4 shipments.read?35 orders.invoice?20
flow support 9 admin.orders orders.read*1-3 tickets.read admin.ticket?70 admin.refund?20
flow support 3 tickets.read*1-4 users.read?60 admin.ticket*1-2 returns.read?30 invoices.read?20
flow admin 4 admin.audit admin.roles?30 admin.flags?20 admin.export*1-3?15
flow partner 10 partner.listings*1-3 partner.listing*4-60
flow partner 6 partner.orders*1-3 partner.order*5-80
flow partner 4 partner.bulk*1-5 partner.price*2-30?50
flow partner 2 partner.payouts partner.report?40 partner.fetch*1-3?40
flow bi 8 partner.payouts*1-6 partner.report*1-3 partner.fetch*1-6 partner.orders*5-60
flow poll 20 locker.poll
flow crawler 10 products.list*2-8 products.read*10-60 products.reviews*1-20?50
flow monitor 10 health.read home.read?40 products.list?40
flow developer 8 config.read home.read products.search*1-6 me.read orders.list orders.read*1-8 cart.add*1-3 telemetry.push
flow developer 3 auth.forgot?10 products.list*1-5 addresses.list addresses.edit*1-5 wishlists.list
flow editor 10 wishlists.list wishlists.read*1-3 wishlists.edit*3-14 me.edit?20
flow agent 10 products.search*2-8 products.read*4-20 products.reviews*1-8 orders.list?50 orders.read*1-6?50 cart.add?30
flow agent 5 config.read categories.list home.read me.read addresses.list coupons.list invoices.list*1-2 invoices.read*1-6 wishlists.list messages.list*1-3
";
