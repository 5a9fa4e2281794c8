//! The suite: organisations with projects, boards and documents, shared crosswise; GraphQL beside REST; sparse ids.

pub(super) const TABLES: &str = "
host app.suite.example
login jwt cookie key

kind user people uuid private 1 id email:email name:text8-26 org_id:@org avatar:word10-20 joined_at:date
kind org orgs sparse org 1 id name:text8-30 plan:word4-10 seats:int1-4
kind project projects sparse org 7 id org_id:@org name:text8-34 state:word4-8 updated_at:date
kind board boards sparse org 12 id project_id:@project name:text8-24 columns:words3-7
kind task tasks sparse org 190 id project_id:@project title:text10-60 state:word4-9 points:int1 due_at:date
kind comment comments sparse org 420 id task_id:@task text:text20-240 at:date
kind document documents uuid shared 14 id title:text8-44 size:int3-6 updated_at:date owner_id:@user
kind revision revisions uuid shared 22 id document_id:@document at:date bytes:int2-5
kind file files uuid shared 18 id name:word6-18 kind:word3-6 size:int4-7
kind folder folders uuid shared 4 id title:text8-30 items:int1-2
kind link links uuid private 2 id target:word8-14 expires_at:date
kind event events sparse private 25 id title:text8-40 begins_at:date ends_at:date guests:int1-2
kind contact contacts sparse org 240 id name:text8-26 email:email phone:phone company:text8-24
kind deal deals composite org 60 id contact_id:@contact value:money stage:word5-12
kind invoice invoices composite org 24 id total:money iban:iban due_at:date
kind hook hooks uuid org 3 id target:word12-24 active:bool
kind apikey keys uuid org 2 id label:word5-14 created_at:date
kind notice notices sparse private 40 id text:text16-90 read:bool at:date
kind template templates int public 400 id title:text10-40 uses:int2-5
kind export exports uuid org 3 id rows:int3-6 state:word4-8
kind member members sparse org 30 id user_id:@user role:word5-9 joined_at:date

route login POST /api/auth/login a login 95 email:name password:password
route renew POST /api/auth/token a renew 28 refresh_token:refresh
route logout POST /api/auth/logout c note 7
route signup POST /api/auth/signup a signup 140 email:name password:password name:text8-26 company:text8-24
route forgot POST /api/auth/forgot a note 60 email:name
route reset POST /api/auth/reset a reset 80 code:int6 email:name password:password
route me GET /api/me c read:user 10
route me.edit PATCH /api/me c edit:user 28 name:text8-26?60 avatar:word10-20?40 locale:word2
route me.email PUT /api/me/email c edit:user 35 email:email password:password
route person GET /api/people/{user} cs read:user 12
route org GET /api/orgs/{org} cs read:org 14
route org.members GET /api/orgs/{org}/members?page:int1 cs list:member:25 30
route org.invite POST /api/orgs/{org}/invites c do:org 50 email:email role:word5-9
route org.invoices GET /api/orgs/{org}/invoices c list:invoice:12 28
route invoice GET /api/invoices/{invoice} cs read:invoice 30
route projects GET /api/projects?page:int1?40 c list:project:20 25
route project GET /api/projects/{project} c read:project 13
route project.new POST /api/projects c new:project 60 name:text8-34 template_id:@template
route project.boards GET /api/projects/{project}/boards c list:board:8 18
route project.tasks GET /api/projects/{project}/tasks?state:word4-9?50&page:int1 c list:task:30 45
route board GET /api/boards/{board} c read:board 24
route task GET /api/tasks/{task} c read:task 11
route task.new POST /api/tasks c new:task 32 project_id:@project title:text10-60 state:word4-9 points:int1
route task.edit PATCH /api/tasks/{task} c edit:task 21 title:text10-60?30 state:word4-9?70 points:int1?20
route task.comments GET /api/tasks/{task}/comments c list:comment:20 17
route comment.new POST /api/tasks/{task}/comments c new:comment 30 text:text20-240
route comment.drop DELETE /api/comments/{comment} c drop:comment 14
route documents GET /api/documents?folder:word5-12?40 c list:document:20 28
route document GET /api/documents/{document} c read:document 22
route document.new POST /api/documents c new:document 40 title:text8-44 folder_id:@folder
route document.patch PATCH /api/documents/{document} c edit:document 34 ops[1-40]{op:word3-7 path:word4-20 value:text8-120}
route document.share POST /api/documents/{document}/shares c do:document 36 email:email right:word4-6
route document.drop DELETE /api/documents/{document} c drop:document 20
route revisions GET /api/documents/{document}/revisions c list:revision:15 26
route revision GET /api/revisions/{revision} c read:revision 30
route files GET /api/files?page:int1 c list:file:25 20
route file GET /api/files/{file} c read:file 15
route file.content GET /api/files/{file}/content c read:file 160
route file.new POST /api/files c new:file 220 name:word6-18 kind:word3-6 folder_id:@folder
route folders GET /api/folders c list:folder:15 13
route folder GET /api/folders/{folder} c read:folder 13
route links GET /api/links c list:link:10 9
route link.new POST /api/links c new:link 20 file_id:@file days:int1-2
route public.link GET /api/public/{link} a read:link 12
route calendar GET /api/calendar?from:date c list:event:25 22
route event GET /api/calendar/events/{event} c read:event 9
route event.new POST /api/calendar/events c new:event 30 title:text8-40 begins_at:date ends_at:date
route contacts GET /api/crm/contacts?q:text8-20?50&page:int1 c list:contact:25 40
route contact GET /api/crm/contacts/{contact} c read:contact 12
route contact.edit PUT /api/crm/contacts/{contact} c edit:contact 25 name:text8-26 email:email phone:phone
route deals GET /api/crm/deals?stage:word5-12?50 c list:deal:20 35
route deal GET /api/crm/deals/{deal} c read:deal 14
route deal.edit PATCH /api/crm/deals/{deal} c edit:deal 24 stage:word5-12 value:money
route notices GET /api/notices?unread:bool c list:notice:15 8
route notice.read POST /api/notices/{notice}/read c do:notice 6
route templates GET /api/templates?page:int1 a list:template:20 18
route template GET /api/templates/{template} a read:template 10
route search GET /api/search?q:text8-30 c list:document:15 90
route gql.home POST /graphql c list:task:12 50 gql(Home query tasks id,title,state,dueAt,project)
route gql.task POST /graphql c read:task 28 gql(Task query task id,title,state,points,comments,author)
route gql.docs POST /graphql c list:document:15 44 gql(Documents query documents id,title,updatedAt,owner)
route gql.move POST /graphql c note 38 gql(MoveTask mutation moveTask id,state,position)
route gql.rename POST /graphql c note 30 gql(Rename mutation rename id,title)
route status GET /api/status a note 2
route beacon POST /api/beacon a note 3 marks[1-12]{name:word4-12 at:date value:int1-5}
route agent.poll GET /api/integrations/jobs p note 5
route staff.orgs GET /api/staff/orgs?q:text8-20?70&page:int1 s list:org:20 55
route staff.org GET /api/staff/orgs/{org} s read:org 20
route staff.person GET /api/staff/people/{user} s read:user 16
route staff.document GET /api/staff/documents/{document} s read:document 26
route staff.note POST /api/staff/orgs/{org}/notes s do:org 30 text:text20-200
route admin.keys GET /api/admin/keys A list:apikey:20 30
route admin.impersonate POST /api/admin/people/{user}/impersonate A do:user 40 reason:word5-12
route admin.dump GET /api/admin/dump/contacts?page:int1-2 A list:contact:200 500
route admin.plan PUT /api/admin/orgs/{org}/plan A do:org 30 plan:word4-10
route ext.contacts GET /api/ext/contacts?page:int1-2 p list:contact:50 50
route ext.contact GET /api/ext/contacts/{contact} p read:contact 10
route ext.sync PATCH /api/ext/contacts p note 160 changes[5-80]{contact_id:@contact email:email name:text8-26}
route ext.deals GET /api/ext/deals?page:int1 p list:deal:40 45
route ext.deal GET /api/ext/deals/{deal} p read:deal 12
route ext.export POST /api/ext/exports p new:export 1200 kind:word4-10 from:date
route ext.fetch GET /api/ext/exports/{export} p read:export 200
route ext.tasks GET /api/ext/tasks?page:int1-2 p list:task:50 50
route v2.projects GET /api/v2/projects?cursor:word16-20?60 c list:project:20 24@1
route v2.tasks GET /api/v2/projects/{project}/tasks?view:word4-8 c list:task:30 40@1
route v2.summary GET /api/v2/summary c note 30@1
route old.feed GET /api/feed c list:notice:20 24-1

flow customer 25 projects project.tasks*1-2 task*1-5 task.comments?50 comment.new?30 task.edit?35
flow customer 12 notices notice.read*1-4?60 task*1-3
flow customer 10 documents document*1-4 revisions?15 revision?10
flow customer 8 files file*1-3 file.content*1-2
flow customer 6 calendar event*1-4 event.new?25
flow customer 5 contacts contact*1-6 deals?40 deal*1-3?40
flow customer 2 me person*1-3 org?40 org.members?30
flow customer 1 folders folder*1-3 document.new?40 document.share?30
flow customer 1 me.edit links link.new?30 public.link?30
flow customer 1 old.feed notices
flow customer2 16 v2.summary &v2.projects v2.tasks*1-3 task*1-4
flow web 20 me &notices &projects gql.home gql.task*1-6 gql.move*1-2?40
flow web 10 gql.docs document*1-5 document.patch*1-6?50 gql.rename?15
flow web 6 project.boards board*1-3 task.new*1-3?40 task.edit*1-5 comment.new?30 comment.drop?6
flow web 4 search*1-3 document*1-4 templates?20 template*1-3?20
flow web 1 org.invoices invoice*1-3 org.invite?20 me.email?4
flow background 10 notices
flow background 5 beacon*1-2 calendar?30
flow support 10 staff.orgs staff.org staff.person*1-3 staff.document?40 staff.note?50
flow support 6 staff.orgs org.members person*1-4 invoice*1-2?40 staff.note
flow admin 4 admin.keys admin.plan?30 admin.impersonate?10 admin.dump*1-3?10
flow partner 10 ext.contacts*1-4 ext.contact*5-80
flow partner 5 ext.deals*1-2 ext.deal*4-40 ext.sync*1-5?60
flow partner 3 ext.tasks*2-10
flow bi 8 ext.export*1-3 ext.fetch*1-6 ext.deals*3-20 ext.contacts*5-40
flow poll 20 agent.poll
flow crawler 10 templates*2-8 template*10-60
flow monitor 10 status templates?40
flow developer 8 me projects project*1-4 task.new*1-6 task*1-6 search*1-4 gql.task*1-4
flow editor 10 documents document*1-2 document.patch*8-40 document.new?20
flow editor 5 gql.docs document.patch*4-20 gql.rename*1-4?40
flow agent 10 search*2-8 document*3-16 gql.docs gql.task*2-12 projects project.tasks*1-4
flow agent 5 me org person*1-6 contacts*1-3 contact*1-10 deals deal*1-6 calendar notices files
";
