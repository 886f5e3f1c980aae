using BenchmarkDotNet.Running;
using Registry.Bench;

// dotnet run -c Release --project bench -- <name>
if (args is not [var name, .. var rest])
{
    Console.Out.WriteLine(Catalogue.Describe());
    return 0;
}

if (name == "all")
{
    BenchmarkSwitcher.FromTypes([.. Catalogue.Entries.Select(entry => entry.Type)]).Run(["--filter", "*", .. rest]);
    return 0;
}

if (Catalogue.Find(name) is not { } chosen)
{
    Console.Error.WriteLine($"There is no benchmark '{name}'.\n\n{Catalogue.Describe()}");
    return 2;
}

BenchmarkSwitcher.FromTypes([chosen.Type]).Run(["--filter", "*", .. rest]);
return 0;
