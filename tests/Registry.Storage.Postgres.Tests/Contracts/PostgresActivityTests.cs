using Registry.Storage.Contracts.Activity;

namespace Registry.Storage.Postgres.Tests.Contracts;

public sealed class PostgresActivityTests() : ActivityContract(new PostgresEngine());
