using Registry.Storage.Contracts.Objects;

namespace Registry.Storage.Sqlite.Tests.Contracts;

public sealed class SqliteObjectLedgerTests : ObjectLedgerContract
{
    public SqliteObjectLedgerTests()
        : this(new SqliteEngine())
    {
    }

    private SqliteObjectLedgerTests(SqliteEngine engine)
        : base(engine, () => new SqliteObjectLedger(engine.Database))
    {
    }
}
