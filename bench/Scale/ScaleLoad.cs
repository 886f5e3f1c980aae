namespace Registry.Bench.Scale;

internal static class ScaleLoad
{
    public static async Task RunAsync(string[] args)
    {
        using var folder = new ScaleFolder();
        var t = System.Diagnostics.Stopwatch.StartNew();
        await folder.FillAsync(int.Parse(args[0], System.Globalization.CultureInfo.InvariantCulture), int.Parse(args[1], System.Globalization.CultureInfo.InvariantCulture));
        Console.Out.WriteLine($"{t.Elapsed} {new FileInfo(folder.Layout.Database).Length}");
        File.Copy(folder.Layout.Database, args[2], true);
    }
}
