import PetrelApp

@main
enum Main {
    static func main() async { await Petrel.main() }
}
