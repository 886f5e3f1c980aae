using Registry.Storage.Contracts.Access;

namespace Registry.Storage.Postgres.Tests.Contracts;

public sealed class PostgresWebSessionTests() : WebSessionContract(new PostgresEngine());
