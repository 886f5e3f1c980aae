using Registry.Storage.Contracts.Events;

namespace Registry.Storage.Sqlite.Tests;

public sealed class SqliteEventDeliveriesTests() : EventDeliveriesContract(new SqliteEngine());
