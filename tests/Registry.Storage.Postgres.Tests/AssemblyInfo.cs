using Registry.Storage.Postgres.Tests;

[assembly: AssemblyFixture(typeof(PostgresCluster))]
