using Registry.Storage.Contracts.Objects;

namespace Registry.Storage.Postgres.Tests.Contracts;

public sealed class PostgresObjectLedgerTests : ObjectLedgerContract
{
    public PostgresObjectLedgerTests()
        : this(new PostgresEngine())
    {
    }

    private PostgresObjectLedgerTests(PostgresEngine engine)
        : base(engine, () => new PostgresObjectLedger(engine.Database))
    {
    }
}
