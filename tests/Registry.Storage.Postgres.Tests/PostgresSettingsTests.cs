using Npgsql;
using Registry.Core.Storage;
using Registry.Testing.Engines;
using Registry.Testing.Processes;

namespace Registry.Storage.Postgres.Tests;

/// <summary>Connections as operators write them.</summary>
public sealed class PostgresSettingsTests
{
    // In every refused text where a password may be; no message may show it.
    private const string Secret = "s3cr3t";

    private const string Form = "Its form is postgres://user:password@host:5432/database.";
    private const string Neither = "The connection to PostgreSQL is neither keywords, such as Host=db;Username=registry;Password=…;Database=registry, nor a URL, such as postgres://user:password@host:5432/database.";
    private const string AfterPassword = "The connection string of PostgreSQL has a keyword after the password that is not known. If it belongs to the password, write the password in quotation marks.";
    private const string Spaces = "The connection string of PostgreSQL separates keywords by spaces. Separate them by semicolons, as in Host=db;Username=registry;Password=…;Database=registry.";
    private const string Attributes = "Target Session Attributes of the connection string of PostgreSQL must be primary or read-write, since the registry writes.";
    private const string Separators = "The URL of PostgreSQL has a user or password with a character that separates parts of a URL. Write @ as %40, / as %2F, ? as %3F, # as %23 and % as %25.";
    private const string Percent = "The URL of PostgreSQL has a % that no two hexadecimal digits follow, or %00. Write a % as %25.";
    private const string Port = "The URL of PostgreSQL has a port that is not a number from 1 to 65535.";
    private const string Address = "The URL of PostgreSQL has an IPv6 address that is not valid, or is not in brackets, as in [::1]:5432.";
    private const string Known = "It knows sslmode, sslrootcert, sslcert, sslkey, application_name, connect_timeout, target_session_attrs, options.";

    [Theory]
    [InlineData("Host=db;Username=u;Password=p;Database=d", "Host=db;Username=u;Password=p;Database=d")]
    [InlineData("  server=db; port=5433; user id=u; db=d\n", "Host=db;Port=5433;Username=u;Database=d")]
    [InlineData("Host=a,b;Username=u;Database=d;Password=\"a;b=c\"", "Host=a,b;Username=u;Database=d;Password=\"a;b=c\"")]
    [InlineData("postgres://u:p@db/d", "Username=u;Password=p;Database=d;Host=db;Port=5432")]
    [InlineData("POSTGRESQL://u@db:5433/d", "Username=u;Database=d;Host=db;Port=5433")]
    [InlineData("postgres://u:@db:/d?", "Username=u;Database=d;Host=db;Port=5432")]
    [InlineData("postgres://u:p:q@db/d", "Username=u;Password=p:q;Database=d;Host=db;Port=5432")]
    [InlineData("postgres://a%40b:%40%2f%3F%23%25%3b%20%22+@db/d%C3%A9", "Username=a@b;Password='@/?#%; \"+';Database=dé;Host=db;Port=5432")]
    [InlineData("postgres://u@[::1]:5433/d", "Username=u;Database=d;Host=::1;Port=5433")]
    [InlineData("postgres://u@[fe80::1]/d", "Username=u;Database=d;Host=fe80::1;Port=5432")]
    [InlineData("postgres://u@a:1,b,[::1],[::2]:65535/d", "Username=u;Database=d;Host=a:1,b:5432,[::1]:5432,[::2]:65535")]
    [InlineData("postgres://u@%2Frun%2Fpostgresql/d", "Username=u;Database=d;Host=/run/postgresql;Port=5432")]
    [InlineData(
        "postgres://u@db/d?sslmode=verify-full&sslrootcert=/a%20b/ca.pem&sslcert=/c.pem&sslkey=/k.pem",
        "Username=u;Database=d;Host=db;Port=5432;SSL Mode=VerifyFull;Root Certificate=/a b/ca.pem;SSL Certificate=/c.pem;SSL Key=/k.pem")]
    [InlineData("postgres://u@db/d?sslmode=require&sslrootcert=system", "Username=u;Database=d;Host=db;Port=5432;SSL Mode=Require")]
    [InlineData(
        "postgres://u@a,b/d?application_name=node%201&target_session_attrs=read-write&options=-c%20search_path%3Dx",
        "Username=u;Database=d;Host=a:5432,b:5432;Application Name=node 1;Target Session Attributes=read-write;Options=-c search_path=x")]
    public void A_connection_is_read(string text, string expected)
    {
        var settings = PostgresSettings.Parse(text);
        Assert.Equal(new NpgsqlConnectionStringBuilder(expected).ConnectionString, new NpgsqlConnectionStringBuilder(settings.ConnectionString).ConnectionString);
        Assert.Equal((16, TimeSpan.FromSeconds(15)), (settings.PoolSize, settings.ConnectTimeout));
    }

    [Theory]
    [InlineData("sslmode=disable", SslMode.Disable)]
    [InlineData("sslmode=allow", SslMode.Allow)]
    [InlineData("sslmode=prefer", SslMode.Prefer)]
    [InlineData("sslmode=require", SslMode.Require)]
    [InlineData("sslmode=verify-ca", SslMode.VerifyCA)]
    [InlineData("sslmode=verify-full", SslMode.VerifyFull)]
    public void Modes_of_libpq_are_those_of_Npgsql(string query, SslMode expected) =>
        Assert.Equal(expected, new NpgsqlConnectionStringBuilder(PostgresSettings.Parse($"postgres://u@db/d?{query}").ConnectionString).SslMode);

    [Theory]
    [InlineData("Host=db;Username=u;Database=d;Maximum Pool Size=30;Timeout=20", 30, 20)]
    [InlineData("Host=db;Username=u;Database=d;MaxPoolSize=100", 100, 15)]
    [InlineData("postgres://u@db/d?connect_timeout=20", 16, 20)]
    public void Sizes_and_times_of_the_text_replace_the_defaults(string text, int poolSize, int seconds)
    {
        var settings = PostgresSettings.Parse(text);
        Assert.Equal((poolSize, TimeSpan.FromSeconds(seconds)), (settings.PoolSize, settings.ConnectTimeout));
    }

    [Theory]
    [InlineData("", Neither)]
    [InlineData(Secret, Neither)]
    [InlineData($"mysql://u:{Secret}@db/d", Neither)]
    [InlineData($"Host=db;Username=u;Password=a;{Secret};Database=d", AfterPassword)]
    [InlineData($"Username=u;Password={Secret};Database=d", "The connection string of PostgreSQL has no host. Add Host=… to it.")]
    [InlineData($"Host=db;Password={Secret};Database=d", "The connection string of PostgreSQL has no user. Add Username=… to it.")]
    [InlineData($"Host=db;Username=u;Password={Secret};Database=", "The connection string of PostgreSQL has no database. Add Database=… to it.")]
    [InlineData($"Host=db;Port=many;Username=u;Password={Secret};Database=d", "The connection string of PostgreSQL has a value for port that is not valid. Correct it.")]
    [InlineData($"Host=db;dbname=d;Password={Secret}", "The connection string of PostgreSQL has the keyword dbname, which is not known. Correct or remove it.")]
    [InlineData($"Host=db;Username=u;Password=a;{Secret}=b;Database=d", AfterPassword)]
    [InlineData($"Host=db;Username=u;PWD=a;{Secret} x=b;Database=d", AfterPassword)]
    [InlineData($"host=db user=u password={Secret} dbname=d", Spaces)]
    [InlineData($"Host=db;Username=u;Database=d password={Secret}", Spaces)]
    [InlineData($"Host=db;Username=u;Password={Secret};Database=d;Target Session Attributes=standby", Attributes)]
    [InlineData($"Host=db;Username=u;Password={Secret};Database=d;Maximum Pool Size=1", "Maximum Pool Size of the connection string of PostgreSQL must be at least 2.")]
    [InlineData($"Host=db;Username=u;Password={Secret};Database=d;Timeout=0", "Timeout of the connection string of PostgreSQL must be at least 1.")]
    [InlineData($"postgres://u:{Secret}@/d", "The URL of PostgreSQL has no host. " + Form)]
    [InlineData($"postgres://u:{Secret}@a,,b/d", "The URL of PostgreSQL has no host. " + Form)]
    [InlineData($"postgres://u:{Secret}@:5432/d", "The URL of PostgreSQL has no host. " + Form)]
    [InlineData("postgres://db/d", "The URL of PostgreSQL has no user. " + Form)]
    [InlineData($"postgres://:{Secret}@db/d", "The URL of PostgreSQL has no user. " + Form)]
    [InlineData($"postgres://u:{Secret}@db", "The URL of PostgreSQL has no database. " + Form)]
    [InlineData($"postgres://u:{Secret}@db/?sslmode=require", "The URL of PostgreSQL has no database. " + Form)]
    [InlineData($"postgres://u:{Secret}@x@db/d", Separators)]
    [InlineData($"postgres://u:{Secret}/x@db/d", Separators)]
    [InlineData($"postgres://u:a?{Secret}=1@db/d", Separators)]
    [InlineData($"postgres://u:a#{Secret}@db/d", Separators)]
    [InlineData($"postgres://u:{Secret}%@db/d", Percent)]
    [InlineData($"postgres://u:{Secret}%2@db/d", Percent)]
    [InlineData($"postgres://u:{Secret}%zz@db/d", Percent)]
    [InlineData($"postgres://u:{Secret}%00@db/d", Percent)]
    [InlineData($"postgres://u:{Secret}%ff@db/d", "The URL of PostgreSQL has a percent-encoded character that is not UTF-8.")]
    [InlineData($"postgres://u:{Secret}@db:0/d", Port)]
    [InlineData($"postgres://u:{Secret}@db:65536/d", Port)]
    [InlineData($"postgres://u:{Secret}@db:x/d", Port)]
    [InlineData($"postgres://u:{Secret}@[::1]5432/d", Port)]
    [InlineData($"postgres://u:{Secret}@::1/d", Address)]
    [InlineData($"postgres://u:{Secret}@[::1/d", Address)]
    [InlineData($"postgres://u:{Secret}@[]/d", Address)]
    [InlineData($"postgres://u:{Secret}@[db]/d", Address)]
    [InlineData($"postgres://u:{Secret}@[127.0.0.1]/d", Address)]
    [InlineData($"postgres://u:{Secret}@db/d?sslmode=on", "The parameter sslmode in the URL of PostgreSQL must be disable, allow, prefer, require, verify-ca or verify-full.")]
    [InlineData($"postgres://u:{Secret}@db/d?connect_timeout=0", "The parameter connect_timeout in the URL of PostgreSQL must be a number of seconds from 1 to 1024.")]
    [InlineData($"postgres://u:{Secret}@db/d?connect_timeout=1025", "The parameter connect_timeout in the URL of PostgreSQL must be a number of seconds from 1 to 1024.")]
    [InlineData($"postgres://u:{Secret}@db/d?target_session_attrs=any", "The parameter target_session_attrs in the URL of PostgreSQL must be primary or read-write, since the registry writes.")]
    [InlineData($"postgres://u@db/d?password={Secret}", "The URL of PostgreSQL has the parameter password, which the registry does not know. " + Known)]
    [InlineData($"postgres://u:{Secret}@db/d?gssencmode=disable", "The URL of PostgreSQL has the parameter gssencmode, which the registry does not know. " + Known)]
    public void What_cannot_be_read_is_refused_with_a_sentence_without_the_password(string text, string expected)
    {
        var refused = Assert.Throws<FormatException>(() => PostgresSettings.Parse(text));
        Assert.Equal(expected, refused.Message);
        Assert.DoesNotContain(Secret, refused.ToString(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_database_is_opened_by_its_URL_at_the_host_that_answers()
    {
        await using var database = await TestDatabase.CreateAsync();
        var (server, dead) = (PostgresCluster.Current.Server.Port, FreePorts.Find(1)[0]);
        var settings = PostgresSettings.Parse(
            $"postgres://registry@127.0.0.1:{dead},127.0.0.1:{server}/{database.Name}?application_name=node%201&options=-c%20search_path%3Dpublic,other");
        await using var node = await PostgresDatabase.OpenAsync(settings with { CountsTime = false });
        var read = await node.ReadAsync(session => session.FirstAsync(
            "SELECT current_setting('application_name'), current_setting('search_path'), current_setting('statement_timeout')",
            row => (row.GetString(0), row.GetString(1), row.GetString(2))));
        Assert.Equal(("node 1", "public,other", "30s"), read);
    }

    [Fact]
    public async Task Hosts_that_do_not_answer_are_named()
    {
        var ports = FreePorts.Find(2);
        var hosts = $"127.0.0.1:{ports[0]},127.0.0.1:{ports[1]}";
        var refused = await Assert.ThrowsAsync<StorageException>(() => PostgresDatabase.OpenAsync(PostgresSettings.Parse($"postgres://u@{hosts}/d")));
        Assert.Equal($"PostgreSQL at {hosts} cannot be reached: Connection refused", refused.Message);
        Assert.True(refused.IsTransient);
    }

    [Fact]
    public async Task Of_several_hosts_the_one_that_accepts_writes_is_used()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var readOnly = await PostgresServer.StartAsync();
        await readOnly.QueryAsync($"CREATE DATABASE {database.Name}");
        await readOnly.QueryAsync("ALTER SYSTEM SET default_transaction_read_only = on");
        await readOnly.QueryAsync("SELECT pg_reload_conf()");
        await Eventually.HoldsAsync(async () => (await readOnly.QueryAsync("SHOW default_transaction_read_only")).Trim() == "on", "the server is read-only");

        var settings = PostgresSettings.Parse(
            $"postgres://registry@127.0.0.1:{readOnly.Port},127.0.0.1:{PostgresCluster.Current.Server.Port}/{database.Name}?target_session_attrs=read-write");
        await using var node = await PostgresDatabase.OpenAsync(settings with { CountsTime = false });

        Assert.Equal((long)PostgresCluster.Current.Server.Port, await node.ReadAsync(session => session.NumberAsync("SELECT current_setting('port')::bigint")));
    }
}
