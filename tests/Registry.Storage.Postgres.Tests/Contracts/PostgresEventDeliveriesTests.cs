using Registry.Storage.Contracts.Events;

namespace Registry.Storage.Postgres.Tests.Contracts;

public sealed class PostgresEventDeliveriesTests() : EventDeliveriesContract(new PostgresEngine());
