using Registry.Bench;

// dotnet run -c Release --project bench -- <name>
if (args is not [var name, .. var rest])
{
    Console.Out.WriteLine(Catalogue.Describe());
    return 0;
}

var chosen = name == "all" ? Catalogue.Entries : [.. Catalogue.Entries.Where(entry => entry.Name == name)];
if (chosen.Count == 0)
{
    Console.Error.WriteLine($"There is no benchmark '{name}'.\n\n{Catalogue.Describe()}");
    return 2;
}

foreach (var entry in chosen)
{
    await entry.RunAsync(rest);
}

return 0;
