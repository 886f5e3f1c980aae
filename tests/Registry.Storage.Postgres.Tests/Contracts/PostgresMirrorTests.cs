using Registry.Storage.Contracts.Mirroring;

namespace Registry.Storage.Postgres.Tests.Contracts;

public sealed class PostgresMirrorTests() : MirrorContract(new PostgresEngine());
