"""What ``python -m bot doctor`` says of a PostgreSQL database. Each in Chinese and in English."""

from __future__ import annotations

PHRASES: dict[str, tuple[str, str]] = {
    "doctor.group.database": ("数据库", "Database"),
    "doctor.port.shared": (
        "{address} 有程序在监听：本机的副本，或别的程序",
        "A program listens on {address}: a replica on this machine, or another one",
    ),
    "doctor.port.shared_mend": (
        "ss -ltnp 'sport = :{port}' 会显示是谁；若不是机器人，停掉它，或在 bot.toml 里换一个端口",
        "ss -ltnp 'sport = :{port}' shows which; if it is not the bot, end it, or choose another "
        "port in bot.toml",
    ),
    "doctor.database.reached": (
        "{place}：PostgreSQL {release}，{ms} 毫秒内应答；时钟与本机相差 {apart} 秒（机器人以数据库的为准）",
        "{place}: PostgreSQL {release}, which answers in {ms} ms; its clock is {apart} s from this "
        "machine's (the bot goes by the database's)",
    ),
    "doctor.database.away": ("连不上数据库 {reason}", "The database can't be used: {reason}"),
    "doctor.database.away_mend": (
        "检查 [bot] store、密码（PGPASSWORD 或 ~/.pgpass），服务器是否在运行，pg_hba.conf 是否允许本机",
        "Check [bot] store, the password (PGPASSWORD or ~/.pgpass), that the server runs, and that "
        "pg_hba.conf lets this machine in",
    ),
    "doctor.database.version": (
        "服务器是 PostgreSQL {release}，太旧",
        "The server is PostgreSQL {release}, which is too old",
    ),
    "doctor.database.version_mend": ("换用 14 或更新的版本", "Use version 14 or later"),
    "doctor.database.encoding": (
        "数据库的编码是 {encoding}，不是 UTF8",
        "The database's encoding is {encoding}, and not UTF8",
    ),
    "doctor.database.encoding_mend": (
        "新建一个：CREATE DATABASE 名称 ENCODING 'UTF8' TEMPLATE template0，并让 [bot] store 指向它",
        "Make another: CREATE DATABASE name ENCODING 'UTF8' TEMPLATE template0, and let [bot] store "
        "name it",
    ),
    "doctor.database.unsafe": (
        "服务器的 {setting} 关着：断电后，已经确认的决定会丢失或损坏",
        "{setting} is off at the server: when the power fails, what was promised is lost or damaged",
    ),
    "doctor.database.unsafe_mend": (
        "在 postgresql.conf 里写 {setting} = on，并执行 SELECT pg_reload_conf()",
        "Write {setting} = on in postgresql.conf, and SELECT pg_reload_conf()",
    ),
    "doctor.database.asynchronous": (
        "synchronous_commit 是 {value}：机器人为自己的连接改为 on，其他程序不受影响",
        "synchronous_commit is {value}: the bot sets it to on for its own connections",
    ),
    "doctor.database.asynchronous_mend": (
        "ALTER ROLE {user} SET synchronous_commit = on",
        "ALTER ROLE {user} SET synchronous_commit = on",
    ),
    "doctor.database.open": (
        "到 {place} 的连接没有加密：路上的任何人都能读到内容",
        "The way to {place} is not encrypted: anyone in between can read what goes over it",
    ),
    "doctor.database.open_mend": (
        "在服务器上开启 TLS（ssl = on），并在地址后加 sslmode=verify-full",
        "Turn TLS on at the server (ssl = on), and add sslmode=verify-full to the address",
    ),
    "doctor.database.encrypted": ("到 {place} 的连接已加密", "The way to {place} is encrypted"),
    "doctor.database.local": (
        "到数据库的连接不出本机",
        "The way to the database stays within this machine",
    ),
    "doctor.database.rights": (
        "{user} 可以在 {schema} 里建表",
        "{user} may make tables in the schema {schema}",
    ),
    "doctor.database.closed": (
        "{user} 不能在 {schema} 里建表",
        "{user} may not make tables in the schema {schema}",
    ),
    "doctor.database.closed_mend": (
        "由数据库的所有者执行：GRANT CREATE, USAGE ON SCHEMA {schema} TO {user}",
        "Let the owner of the database say: GRANT CREATE, USAGE ON SCHEMA {schema} TO {user}",
    ),
    "doctor.database.others": (
        "表属于 {owner}，{user} 不能升级它们",
        "The tables are of {owner}, and {user} can't upgrade them",
    ),
    "doctor.database.others_mend": (
        "用 {owner} 连接，或执行：GRANT {owner} TO {user}",
        "Connect as {owner}, or say: GRANT {owner} TO {user}",
    ),
    "doctor.database.pooled": (
        "连接池（如 pgbouncer）把服务器连接按事务分给多个客户端：机器人的设置、预备语句和 LISTEN 在那里都不成立",
        "A pooler such as pgbouncer hands server connections out for each transaction: the bot's "
        "settings, prepared statements and LISTEN don't hold there",
    ),
    "doctor.database.pooled_mend": (
        "让 [bot] store 直接指向服务器，或指向 pool_mode = session 的连接池",
        "Let [bot] store name the server itself, or a pool with pool_mode = session",
    ),
    "doctor.database.pooler": (
        "本机与服务器之间有连接池：它必须按会话（session）分配连接",
        "A pooler stands between this machine and the server: it must pool by session",
    ),
    "doctor.database.pooler_mend": (
        "确认它的 pool_mode 是 session；直接连接服务器更好",
        "See that its pool_mode is session; the server itself is better",
    ),
    "doctor.database.direct": (
        "与服务器之间没有连接池",
        "There is no pooler in between",
    ),
    "doctor.database.room": (
        "还可以建立 {left} 个连接，够再开 {replicas} 个副本",
        "{left:connection|connections} can still be opened: enough for {replicas:more replica|more "
        "replicas}",
    ),
    "doctor.database.full": (
        "只能再建立 {left} 个连接，一个副本需要 {least} 个",
        "Only {left:more connection|more connections} can be opened, and a replica needs {least}",
    ),
    "doctor.database.full_mend": (
        "提高 max_connections，或 ALTER ROLE / ALTER DATABASE … CONNECTION LIMIT",
        "Raise max_connections, or ALTER ROLE or ALTER DATABASE … CONNECTION LIMIT",
    ),
    "doctor.database.standby": (
        "这是一台备库：不能写入",
        "This is a standby: nothing can be written",
    ),
    "doctor.database.standby_mend": (
        "让 [bot] store 指向主库；有多台时列出全部，并加 target_session_attrs=read-write",
        "Let [bot] store name the primary; or list all of them, and add "
        "target_session_attrs=read-write",
    ),
    "doctor.database.readonly": (
        "{user} 的事务默认只读",
        "Transactions of {user} are read-only by default",
    ),
    "doctor.database.readonly_mend": (
        "ALTER ROLE {user} SET default_transaction_read_only = off",
        "ALTER ROLE {user} SET default_transaction_read_only = off",
    ),
    "doctor.database.idle": (
        "服务器会断开空闲 {seconds} 秒的会话：每次都要重新连接",
        "The server ends sessions that say nothing for {seconds} s: each time the bot connects anew",
    ),
    "doctor.database.idle_mend": (
        "ALTER ROLE {user} SET idle_session_timeout = 0",
        "ALTER ROLE {user} SET idle_session_timeout = 0",
    ),
    "doctor.database.unvacuumed": (
        "autovacuum 关着：表会越来越大，越来越慢",
        "autovacuum is off: tables grow and become slow",
    ),
    "doctor.database.unvacuumed_mend": (
        "在 postgresql.conf 里写 autovacuum = on",
        "Write autovacuum = on in postgresql.conf",
    ),
    "doctor.database.followed": (
        "备库 {names:list} 与提交同步，最多落后 {lag} 秒",
        "Commits wait for the standby {names:or}; it is {lag} s behind at most",
    ),
    "doctor.database.behind": (
        "备库 {names:list} 不与提交同步（最多落后 {lag} 秒）：主库丢失时，最后的决定可能也会丢失",
        "No commit waits for the standby {names:or} ({lag} s behind at most): with the primary the "
        "last decisions may be lost",
    ),
    "doctor.database.behind_mend": (
        "在主库设置 synchronous_standby_names；否则切换后机器人会按旧副本处理，先搁置未决的请求",
        "Set synchronous_standby_names at the primary; else after a failover the bot takes the store "
        "for an older copy, and holds what was undecided",
    ),
    "doctor.database.none": (
        "{place} 里还没有数据：第一次启动时会建表",
        "There is no store in {place} yet: the first start makes its tables",
    ),
    "doctor.database.store": (
        "{requests} 个请求，{size}；正在使用的机器人：{bots:list}",
        "{requests:request|requests}, {size}; bots at work: {bots:and}",
    ),
    "doctor.database.idle_store": (
        "{requests} 个请求，{size}；没有机器人在使用",
        "{requests:request|requests}, {size}; no bot is at work",
    ),
    "doctor.database.upgrades": (
        "下次启动会做 {count} 步升级",
        "The next start upgrades the store in {count:step|steps}",
    ),
}
