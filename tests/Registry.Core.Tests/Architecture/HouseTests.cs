using System.Text.RegularExpressions;
using Registry.Storage;
using Registry.Storage.Files;
using Registry.Storage.Postgres;
using Registry.Storage.S3;
using Registry.Storage.Sqlite;

namespace Registry.Core.Tests.Architecture;

/// <summary>Rules of style for all sources.</summary>
public partial class HouseTests
{
    private const int MaxLines = 400;
    private const int MaxFiles = 20;

    // A type and the small one that only it uses.
    private static readonly string[] WithTwoTypes =
    [
        "src/Registry.Core/Indexing/TreeRepository.cs",
    ];

    private static readonly string[] VagueNames = ["Helper", "Helpers", "Util", "Utils", "Utility", "Manager", "Base"];

    public static TheoryData<string> Folders => new("src", "tests", "bench");

    [Theory]
    [MemberData(nameof(Folders))]
    public void No_file_is_longer_than_a_concept(string folder) =>
        Assert.DoesNotContain(SourceTree.Files(folder), file => SourceTree.Lines(file).Length > MaxLines);

    [Theory]
    [MemberData(nameof(Folders))]
    public void No_folder_holds_more_files_than_one_noun_names(string folder) =>
        Assert.DoesNotContain(SourceTree.Files(folder).CountBy(file => Path.GetDirectoryName(file)!), count => count.Value > MaxFiles);

    [Fact]
    public void A_file_holds_one_public_type_and_is_called_after_it()
    {
        var violations = new List<string>();
        foreach (var file in SourceTree.Files("src").Except(WithTwoTypes))
        {
            var types = SourceTree.Lines(file).Select(line => TopLevelType().Match(line)).Where(match => match.Success).ToList();
            if (types.Count(match => match.Groups["access"].Value == "public") > 1)
            {
                violations.Add($"{file} has more than one public type");
            }

            var name = Path.GetFileNameWithoutExtension(file);
            if (types.Count > 0 && types.All(match => match.Groups["name"].Value != name))
            {
                violations.Add($"{file} has no type of its name");
            }
        }

        Assert.Empty(violations);
    }

    [Fact]
    public void The_exceptions_are_still_needed() =>
        Assert.All(WithTwoTypes, file => Assert.True(SourceTree.Lines(file).Count(line => TopLevelType().IsMatch(line)) > 1, file));

    [Theory]
    [MemberData(nameof(Folders))]
    public void No_type_is_called_what_says_nothing(string folder) => Assert.DoesNotContain(
        SourceTree.Files(folder).Select(file => Path.GetFileNameWithoutExtension(file)),
        name => VagueNames.Any(vague => name.EndsWith(vague, StringComparison.Ordinal)));

    [Theory]
    [MemberData(nameof(Folders))]
    public void Files_are_text_with_line_feeds_and_no_byte_order_mark(string folder) => Assert.DoesNotContain(SourceTree.Files(folder), file =>
    {
        var bytes = File.ReadAllBytes(Path.Combine(SourceTree.Root, file));
        return bytes.AsSpan().StartsWith("\uFEFF"u8) || bytes.Contains((byte)'\r') || bytes.Length == 0 || bytes[^1] != '\n';
    });

    [Fact]
    public void Classes_of_the_product_are_sealed_or_static() => Assert.Empty(
        new[]
        {
            typeof(Core.Oci.Digest), typeof(Files.DurableFile), typeof(FileStorage), typeof(S3Storage), typeof(SqliteDatabase), typeof(PostgresDatabase), typeof(RegistryStorage),
            typeof(Images.ImageCopy),
        }
            .SelectMany(one => one.Assembly.GetTypes())
            .Where(type => type.IsClass && !type.IsSealed && !type.IsAbstract && !type.Name.StartsWith('<') && !IsGenerated(type))
            .Select(type => type.FullName));

    private static bool IsGenerated(Type type) =>
        type.IsDefined(typeof(System.Runtime.CompilerServices.CompilerGeneratedAttribute), false)
        || type.IsDefined(typeof(System.CodeDom.Compiler.GeneratedCodeAttribute), false);

    [GeneratedRegex(@"^(?<access>public|internal) (?:(?:static|sealed|abstract|partial|readonly|ref|unsafe) )*(?:class|struct|interface|enum|record struct|record|delegate \S+) (?<name>\w+)")]
    private static partial Regex TopLevelType();
}
