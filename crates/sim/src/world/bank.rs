//! The bank: nothing is public; accounts, payments and cards of customers, staff who serve them, firms that connect.

pub(super) const TABLES: &str = "
host banking.bank.example
login opaque cookie client

kind user customers sparse private 1 id email:email full_name:text10-28 phone:phone born:date segment:word4-8
kind org companies uuid org 1 id name:text10-34 iban:iban sector:word5-12
kind account accounts uuid shared 1.7 id customer_id:@user iban:iban balance:money currency:upper3 product:word5-10
kind transaction transactions uuid private 40 id account_id:@account amount:money currency:upper3 counterparty:text8-28 iban:iban booked_at:date
kind payment payments uuid private 6 id account_id:@account amount:money iban:iban reference:text10-60 state:word5-9
kind card cards uuid private 1.3 id account_id:@account scheme:word4-10 last4:int4 state:word5-8 limit:money
kind statement statements composite private 14 id account_id:@account month:int6 pages:int1-2
kind mandate mandates composite private 3 id account_id:@account creditor:text8-28 iban:iban state:word5-8
kind payee payees uuid private 5 id name:text8-28 iban:iban
kind loan loans composite private 0.5 id customer_id:@user principal:money rate:money state:word5-9
kind message messages sparse private 6 id subject:text10-44 read:bool sent_at:date
kind document documents uuid shared 4 id title:text8-40 kind:word4-10 size:int4-6 created_at:date
kind device devices uuid private 1.4 id name:word4-12 trusted:bool seen_at:date
kind case cases composite private 0.5 id customer_id:@user topic:word5-12 state:word4-8 opened_at:date
kind appointment appointments sparse private 0.5 id branch:word4-12 at:date
kind portfolio portfolios uuid private 0.6 id value:money currency:upper3 positions[1-9]{isin:upper12 quantity:int1-4 price:money}
kind rate rates composite public 300 id pair:upper6 bid:money ask:money at:date
kind branch branches int public 180 id street:text8-24 city:word4-12 phone:phone
kind file files uuid org 40 id name:word6-14 rows:int2-5 state:word4-9 created_at:date
kind batch batches composite org 60 id total:money count:int1-4 state:word4-9
kind subaccount subaccounts uuid org 120 id iban:iban balance:money label:text8-24

route login POST /auth/v2/session a login 130 username:name password:password
route renew POST /auth/v2/token a renew 35 refresh_token:refresh
route logout DELETE /auth/v2/session c note 9
route forgot POST /auth/v2/credentials/forgot a note 70 username:name
route reset POST /auth/v2/credentials/reset a reset 90 code:int8 username:name password:password
route signup POST /onboarding/v1/applications a signup 200 email:name password:password full_name:text10-28 born:date phone:phone
route challenge POST /auth/v2/challenges c note 45 kind:word4-8
route confirm POST /auth/v2/challenges/confirm c note 40 code:int6
route me GET /customers/v1/me c read:user 15
route me.edit PATCH /customers/v1/me c edit:user 45 phone:phone?60 email:email?40 language:word2
route customer GET /customers/v1/{user} cs read:user 18
route customer.accounts GET /customers/v1/{user}/accounts s list:account:6 26
route customer.notes GET /customers/v1/{user}/notes s note 20
route accounts GET /accounts/v3 c list:account:6 28
route account GET /accounts/v3/{account} cs read:account 16
route transactions GET /accounts/v3/{account}/transactions?from:date?60&page:int1 cs list:transaction:30 55
route account.limits GET /accounts/v3/{account}/limits c read:account 12
route account.limits.edit PUT /accounts/v3/{account}/limits c edit:account 50 daily:money weekly:money
route transaction GET /transactions/v3/{transaction} cs read:transaction 14
route transaction.note PATCH /transactions/v3/{transaction} c edit:transaction 22 note:text10-60 tags:words1-4
route payments GET /payments/v4?status:word5-9?30&page:int1 c list:payment:15 32
route payment GET /payments/v4/{payment} cs read:payment 15
route payment.new POST /payments/v4 c new:payment 180 account_id:@account amount:money iban:iban name:text8-28 reference:text10-60
route payment.confirm POST /payments/v4/{payment}/confirm c do:payment 220 code:int6
route payment.cancel DELETE /payments/v4/{payment} c drop:payment 60
route payees GET /payees/v1 c list:payee:20 16
route payee GET /payees/v1/{payee} c read:payee 10
route payee.new POST /payees/v1 c new:payee 60 name:text8-28 iban:iban
route payee.drop DELETE /payees/v1/{payee} c drop:payee 22
route cards GET /cards/v2 c list:card:5 22
route card GET /cards/v2/{card} cs read:card 13
route card.freeze POST /cards/v2/{card}/freeze cs do:card 48
route card.pin GET /cards/v2/{card}/pin c read:card 60
route card.limit PUT /cards/v2/{card}/limit c edit:card 40 limit:money
route statements GET /statements/v1?year:int4 c list:statement:12 24
route statement GET /statements/v1/{statement} cs read:statement 120
route mandates GET /mandates/v1 c list:mandate:10 20
route mandate GET /mandates/v1/{mandate} c read:mandate 12
route mandate.drop DELETE /mandates/v1/{mandate} c drop:mandate 40
route loans GET /loans/v1 c list:loan:4 30
route loan GET /loans/v1/{loan} cs read:loan 22
route loan.quote POST /loans/v1/quotes c note 160 amount:money months:int2 purpose:word5-12
route messages GET /inbox/v1/messages?page:int1 c list:message:20 14
route message GET /inbox/v1/messages/{message} c read:message 9
route message.new POST /inbox/v1/messages c new:message 35 subject:text10-44 text:text30-600
route documents GET /documents/v1 c list:document:15 26
route document GET /documents/v1/{document} cs read:document 90
route document.share POST /documents/v1/{document}/shares c do:document 40 email:email
route devices GET /devices/v1 c list:device:5 11
route device.drop DELETE /devices/v1/{device} c drop:device 20
route device.edit PUT /devices/v1/{device} c edit:device 14 name:word4-12 push:bool
route cases GET /cases/v1 cs list:case:10 24
route case GET /cases/v1/{case} cs read:case 18
route case.new POST /cases/v1 c new:case 50 topic:word5-12 text:text30-500
route appointments GET /appointments/v1 c list:appointment:5 14
route appointment.new POST /appointments/v1 c new:appointment 44 branch_id:@branch at:date
route portfolios GET /wealth/v1/portfolios c list:portfolio:4 60
route portfolio GET /wealth/v1/portfolios/{portfolio} cs read:portfolio 75
route order.new POST /wealth/v1/portfolios/{portfolio}/orders c do:portfolio 140 isin:upper12 quantity:int1-4 limit:money
route rates GET /market/v1/rates?base:upper3 ac list:rate:25 18
route branches GET /branches/v1?near:word4-12 a list:branch:10 20
route status GET /status a note 2
route terminal POST /terminals/v1/heartbeat p note 4 serial:upper10 state:word4-8
route staff.search GET /staff/v1/customers?q:text8-24&page:int1 s list:user:15 80
route staff.cases GET /staff/v1/queue s list:case:20 46
route staff.case POST /staff/v1/cases/{case}/actions s do:case 60 action:word4-12 text:text20-200
route staff.block POST /staff/v1/accounts/{account}/block s do:account 70 reason:word5-12
route admin.users GET /admin/v1/operators A list:user:25 50
route admin.rights PUT /admin/v1/operators/{user}/rights A do:user 40 right:word5-12
route admin.journal GET /admin/v1/journal?page:int1 A note 90
route admin.dump GET /admin/v1/dump/accounts?page:int1-2 A list:account:150 600
route firm.files GET /corporate/v1/files p list:file:20 30
route firm.file GET /corporate/v1/files/{file} p read:file 140
route firm.upload POST /corporate/v1/files p new:file 300 name:word6-14 payments[10-80]{iban:iban amount:money reference:text10-40}
route firm.batches GET /corporate/v1/batches?page:int1 p list:batch:30 35
route firm.batch GET /corporate/v1/batches/{batch} p read:batch 20
route firm.accounts GET /corporate/v1/accounts?page:int1 p list:subaccount:40 50
route firm.account GET /corporate/v1/accounts/{subaccount} p read:subaccount 13
route agg.account GET /psd2/v1/accounts/{account} p read:account 25
route agg.transactions GET /psd2/v1/accounts/{account}/transactions p list:transaction:30 70
route v4.accounts GET /accounts/v4?view:word4-8 c list:account:6 25@1
route v4.account GET /accounts/v4/{account} c read:account 14@1
route v4.insights GET /insights/v1/spending?month:int6 c note 50@1
route old.balance GET /accounts/v2/balance c note 18-1

flow customer 30 accounts &messages?30 transactions*1-2 transaction*1-4?40
flow customer 10 payees payment.new challenge confirm payment.confirm payments?50
flow customer 8 payments payment*1-4
flow customer 5 cards card*1-2 card.limit?12 card.freeze?5 card.pin?6
flow customer 4 statements statement*1-4
flow customer 3 messages message*1-5 message.new?15
flow customer 2 documents document*1-3 document.share?12
flow customer 2 mandates mandate*1-3 mandate.drop?10
flow customer 2 portfolios portfolio*1-3 order.new?25
flow customer 1 loans loan?60 loan.quote*1-3?40
flow customer 1 me me.edit?20 devices device.drop?6
flow customer 1 payees payee*1-3 payee.new?40 payee.drop?10
flow customer 0.7 cases case?60 case.new?30 appointments appointment.new?30
flow customer 1 old.balance account account.limits?40 account.limits.edit?10
flow customer2 20 v4.accounts &v4.insights?50 v4.account*1-2 transactions*1-2
flow web 20 accounts &cards &messages &portfolios?30 transactions*1-3 transaction*1-5?50
flow web 8 payees &accounts payment.new challenge confirm payment.confirm &payments
flow web 5 statements statement*1-6 documents?40 document*1-3?40
flow background 10 messages
flow background 3 device.edit accounts?50
flow support 10 staff.search customer customer.accounts account*1-3 transactions*1-2 customer.notes?50
flow support 8 staff.cases case*1-3 staff.case?70 customer?60 card.freeze?15 staff.block?6
flow support 3 staff.search customer statement*1-3?50 loan?40 payment*1-3?60 document?30
flow admin 4 admin.journal admin.users?40 admin.rights?20 admin.dump*1-3?10
flow partner 10 firm.accounts firm.account*5-70
flow partner 8 firm.batches*1-2 firm.batch*5-50 firm.file*1-3?40
flow partner 4 firm.upload*1-3 firm.files firm.file*1-4
flow partner 5 agg.account*3-40 agg.transactions*3-40
flow bi 8 firm.files firm.file*5-40 firm.batches*3-20 firm.batch*5-60
flow poll 20 terminal
flow crawler 10 rates*2-12 branches*5-30
flow monitor 10 status rates?40 branches?30
flow developer 8 me accounts account*1-5 transactions*1-6 rates payees loan.quote*1-4
flow editor 10 transactions transaction.note*4-20 payee.new*1-3?20
flow agent 10 accounts account*1-4 transactions*2-9 payments payment*1-6 mandates statements
flow agent 5 me cards loans documents messages*1-3 rates*1-4 payees portfolios portfolio*1-3
";
