using Registry.Storage.Contracts.Inventory;

namespace Registry.Storage.Sqlite.Tests.Contracts;

public sealed class SqliteInventoryTests() : InventoryContract(new SqliteEngine());
