using Registry.Storage.Contracts.Collection;

namespace Registry.Storage.Postgres.Tests.Contracts;

public sealed class PostgresGraceClockTests() : GraceClockContract(new PostgresEngine());
