using Registry.Storage.Contracts.Events;

namespace Registry.Storage.Sqlite.Tests.Contracts;

public sealed class SqliteEventDeliveriesTests() : EventDeliveriesContract(new SqliteEngine());
