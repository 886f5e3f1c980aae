using Registry.Storage.Contracts.Inventory;

namespace Registry.Storage.Postgres.Tests.Contracts;

public sealed class PostgresInventoryTests() : InventoryContract(new PostgresEngine());
