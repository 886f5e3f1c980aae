using Registry.Bench;
using Registry.Bench.Peers;

// dotnet run -c Release --project bench -- <name>
if (args is not [var name, .. var rest])
{
    Console.Out.WriteLine(Catalogue.Describe());
    return 0;
}

if (name == BareKestrel.Command)
{
    await BareKestrel.ServeAsync(rest[0]);
}

List<Catalogue.Entry> chosen = [.. Catalogue.Entries.Where(entry => name == "all" ? entry.Name != "targets" : entry.Name == name)];
if (chosen.Count == 0)
{
    Console.Error.WriteLine($"'{name}' is not a benchmark.\n\n{Catalogue.Describe()}");
    return 2;
}

try
{
    foreach (var entry in chosen)
    {
        await entry.RunAsync(rest);
    }
}
catch (ArgumentException e)
{
    Console.Error.WriteLine(e.Message);
    return 2;
}

return 0;
