using System.Globalization;
using Registry.Server.Configuration;
using Registry.Storage.Postgres;
using Registry.Storage.Postgres.Schema;

namespace Registry.Server.Commands.Maintain;

/// <summary><c>registry schema …</c>: the version of the tables in PostgreSQL, before and during an upgrade of the nodes.</summary>
internal static class SchemaCommands
{
    public static DescribedCommand Create(CommandContext context)
    {
        var status = new DescribedCommand("status", "Print the version of the schema, the one that this program knows, and those of the running nodes. Changes nothing.", "registry schema status");
        status.SetAction((parsed, _) => context.WithOptionsAsync(parsed, (options, _) => RunAsync(context, options, async database =>
        {
            WriteStatus(context.Output, await SchemaStatus.ReadAsync(database));
            return ExitCodes.Success;
        })));
        var upgrade = new DescribedCommand(
            "upgrade",
            "Upgrade the schema to the version that this program knows, as the start of a node does. Nodes of the version before go on; where they could not, "
            + "the upgrade is refused while one of them runs.",
            "registry schema upgrade");
        upgrade.SetAction((parsed, _) => context.WithOptionsAsync(parsed, (options, _) => RunAsync(context, options, async database =>
        {
            var before = await SchemaStatus.ReadAsync(database);
            var after = await SchemaStatus.UpgradeAsync(database);
            context.Output.WriteLine(after.Version == before.Version
                ? $"The schema of {after.Address} is {Text(after.Version)} already."
                : $"Upgraded the schema of {after.Address} from {Text(before.Version)} to {Text(after.Version)}.");
            return ExitCodes.Success;
        })));
        return new DescribedCommand("schema", "Show and upgrade the schema of the metadata in PostgreSQL.") { status, upgrade };
    }

    private static Task<int> RunAsync(CommandContext context, RegistryOptions options, Func<PostgresSettings, Task<int>> run) => options.Storage.Database is { } database
        ? context.TryAsync(options.Storage, string.Empty, () => run(database))
        : Task.FromResult(context.Fail("REGISTRY_METADATA is sqlite: the start of the registry upgrades the schema of its database"));

    private static void WriteStatus(TextWriter output, SchemaStatus status)
    {
        output.WriteLine(status.Version == 0 ? $"There is no schema in {status.Address} yet." : $"The schema of {status.Address} is {Text(status.Version)}.");
        if (status.Version > 0)
        {
            output.WriteLine($"Programs that know schema {Text(status.Oldest)} or newer can use it.");
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"This program knows schema {SchemaStatus.Known}{Verdict(status)}."));
        foreach (var (version, count) in status.Nodes)
        {
            output.WriteLine($"{(count == 1 ? "1 node runs that knows" : $"{Text(count)} nodes run that know")} schema {Text(version)}.");
        }
    }

    private static string Verdict(SchemaStatus status) =>
        status.Version > SchemaStatus.Known ? SchemaStatus.Known < status.Oldest ? ", and cannot use it" : ", and can use it"
        : status.Version < SchemaStatus.Known ? ": its start upgrades the database" : string.Empty;

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
